import type { Random } from '../../random.ts';
import type { Action } from '../action.ts';
import { type ClusterConfig, instanceNames } from '../cluster-state.ts';
import type { ModelNode } from './model-node.ts';
import { keys } from './model-store.ts';
import type { World } from './world.ts';

/** Breaks things in `world`, by chance, until `healAtMs`; then mends everything. */
export function unleash(world: World, healAtMs: number): void {
  const { random } = world;
  world.chaos = true;
  world.lagMs = random.pick([10, 10, 80, 300]);
  for (const node of world.nodes.values()) node.lagMs = world.lagMs;
  world.onEnd = (node) => restartLater(world, node);
  const eagerness = random.pick([0, 300, 80, 25]);
  // Some masters only ever doze off, for about a ttl, with a beat in their hands.
  const dozing = random.chance(8);
  world.aim = (node, action) => (dozing ? doze(world, node, action) : aimed(world, node, action, eagerness));
  const faults = 1 + random.below(9);
  for (let i = 0; i < faults; i += 1) world.after(3000 + random.below(healAtMs - 4000), () => strike(world));
  const { value: config } = world.store.state.config;
  world.after(healAtMs, () => heal(world, config));
}

/** Everybody runs again, everything is reachable, and nothing goes wrong by itself any more. */
function heal(world: World, config: ClusterConfig): void {
  writeConfig(world, config);
  if (!config.autoRejoin) readmit(world);
  world.chaos = false;
  world.storeUp = true;
  world.cutFromStore.clear();
  world.mend();
  for (const node of world.nodes.values()) {
    node.becomeKillable();
    node.lagMs = world.lagMs;
    node.ailment = null;
    node.resume();
    node.continueGuardian();
    node.continueAgent();
    for (const name of instanceNames) node.instances[name].thaw();
    if (!node.alive) node.start();
  }
}

/** An operator who readmits whoever does not readmit itself. */
function readmit(world: World): void {
  for (const name of world.nodes.keys()) world.store.forget(keys.evicted(name));
  world.after(1000, () => readmit(world));
}

function restartLater(world: World, node: ModelNode): void {
  const { life } = node;
  const ms = world.random.chance(6) ? world.between(5000, 20_000) : world.between(100, 3000);
  world.after(ms, () => {
    if (node.life !== life || node.alive) return;
    node.stopRequested = false;
    node.start();
  });
}

/** Something happens just before `node` acts: at the steps that matter, and rarely at others. */
function aimed(world: World, node: ModelNode, action: Action, eagerness: number): void {
  if (eagerness === 0) return;
  if (action.kind === 'take-lock' && world.random.chance(3)) awaken(world, node);
  const often = crucial.has(action.kind) ? Math.ceil(eagerness / 4) : eagerness * 5;
  if (!world.random.chance(often)) return;
  const { random } = world;
  if (action.kind === 'beat' && random.chance(2)) return aimedAtBeat(world, node);
  const kind = random.below(7);
  if (kind === 0) node.crashAgent();
  else if (kind === 1) node.crashMachine();
  else if (kind === 2) pauseAgent(world, node);
  else if (kind === 3) world.fates.set(node.name, random.pick(['lost', 'unheard', 'late', 'late']));
  else if (kind === 4) suspend(world, node);
  else if (kind === 5) cutStore(world, node);
  else strike(world);
}

function doze(world: World, node: ModelNode, action: Action): void {
  const { ttlMs } = world.store.state.config.value;
  if (action.kind === 'take-lock') awaken(world, node);
  if (action.kind !== 'beat' || !world.random.chance(25)) return;
  node.suspend(false);
  world.after(ttlMs * 1.3, () => node.resume());
}

/** The master that was taken for dead wakes while its successor's takeover is on the way, and sees nothing afterwards. */
function awaken(world: World, candidate: ModelNode): void {
  const leader = world.nodes.get(world.store.state.leader?.value.name ?? '');
  if (leader === undefined || !(leader.suspended || leader.stopped)) return;
  world.fates.set(candidate.name, 'sluggish');
  leader.resume();
  leader.continueAgent();
  world.after(15, () => cutStore(world, leader));
}

/** A beat is the edge of authority: it comes late, its answer comes late, and then no more of them. */
function aimedAtBeat(world: World, node: ModelNode): void {
  const { random } = world;
  const { ttlMs } = world.store.state.config.value;
  if (random.chance(2)) {
    node.suspend(random.chance(2));
    world.after(ttlMs * 0.7 + random.below(ttlMs), () => node.resume());
    return;
  }
  if (random.chance(2)) world.fates.set(node.name, 'slow');
  else {
    world.after(3, () => node.stopAgent());
    world.after(50 + random.below(ttlMs * 0.8), () => node.continueAgent());
  }
  world.after(8, () => cutStore(world, node));
}

const crucial: ReadonlySet<Action['kind']> = new Set<Action['kind']>([
  'take-lock',
  'claim',
  'promote',
  'lead',
  'write-sync',
  'require',
  'release',
  'detach',
  'rewind',
  'copy',
]);

function strike(world: World): void {
  if (!world.chaos) return;
  const { random } = world;
  const nodes = [...world.nodes.values()];
  const leader = world.store.state.leader?.value.name;
  const node = random.chance(2) && leader !== undefined ? world.node(leader) : random.pick(nodes);
  random.pick(faults)(world, node, random);
}

type Fault = (world: World, node: ModelNode, random: Random) => void;

const faults: readonly Fault[] = [
  (_world, node, random) => node.killInstance(random.pick(instanceNames)),
  (_world, node) => node.crashAgent(),
  (_world, node) => node.crashMachine(),
  (world) => {
    for (const node of world.nodes.values()) node.crashMachine();
  },
  (world, node) => pauseAgent(world, node),
  (world, node) => {
    node.stopGuardian();
    pauseAgent(world, node);
    world.after(world.between(500, 8000), () => node.continueGuardian());
  },
  (_world, node) => {
    node.guardian = 'dead';
  },
  (world, node) => suspend(world, node),
  (world, node, random) => {
    const instance = node.instances[random.pick(instanceNames)];
    instance.freeze(random.pick(['all', 'postmaster']));
    world.after(world.between(200, 9000), () => instance.thaw());
  },
  (world, node) => cutStore(world, node),
  (world, node, random) => {
    for (const other of world.nodes.values())
      if (other !== node && !random.chance(3)) world.cut(node.name, other.name);
    if (random.chance(2)) world.cutFromStore.add(node.name);
    world.after(world.between(500, random.pick([4000, 15_000])), () => {
      world.cutFromStore.delete(node.name);
      world.mend();
    });
  },
  (world) => {
    world.storeUp = false;
    world.after(world.between(200, 8000), () => {
      world.storeUp = true;
    });
  },
  (world) => world.store.forget(keys.leader),
  (world) => world.store.forget(keys.promotion),
  (_world, node) => {
    node.stopRequested = true;
    node.wake();
  },
  (world, _node, random) => {
    const names = [...world.nodes.values()].filter((n) => n.kind === 'standby').map((n) => n.name);
    const to = random.chance(3) ? null : random.pick(names);
    world.store.txn({
      compare: [],
      writes: [{ kind: 'put', key: keys.switchover, value: JSON.stringify({ id: 'x', to }) }],
    });
  },
  (world, node) => {
    node.outlives = true;
    node.killInstance('data');
    world.after(world.between(500, 5000), () => {
      node.becomeKillable();
    });
  },
  (world, node) => loseDisk(world, node),
  (world, _node, random) => reconfigure(world, random),
  (world, node, random) => {
    if (node === world.nodes.get(world.store.state.leader?.value.name ?? '')) return;
    const instance = node.instances[random.pick(instanceNames)];
    instance.logLost = true;
    instance.dropLinks();
  },
  (world, node) => {
    node.lagMs = world.between(50, 800);
    world.after(world.between(1000, 8000), () => {
      node.lagMs = world.lagMs;
    });
  },
  (_world, node) => {
    node.ailment = 'the disk is nearly full';
  },
];

/** An operator changes their mind, and changes it back. */
function reconfigure(world: World, random: Random): void {
  const { value } = world.store.state.config;
  if (value.members.length < 2) return; // what was changed before is not changed back yet
  const leaving = random.pick(value.members).name;
  const { ttlMs } = value;
  const change = random.pick([
    { syncCount: 3 - value.syncCount },
    { ttlMs: 7000 - ttlMs, beatMs: Math.floor((7000 - ttlMs) / 6) },
    { strict: !value.strict },
    { members: value.members.filter(({ name }) => name !== leaving) },
  ]);
  writeConfig(world, { ...value, ...change });
  // The worst moment after a shorter ttl: one beat with it, and then none.
  const leader = world.nodes.get(world.store.state.leader?.value.name ?? '');
  if (leader !== undefined && (change.ttlMs ?? ttlMs) < ttlMs)
    world.after(random.below(1500), () => cutStore(world, leader));
}

function writeConfig(world: World, config: ClusterConfig): void {
  world.store.txn({
    compare: [],
    writes: [{ kind: 'put', key: keys.config, value: JSON.stringify(config) }],
  });
}

function pauseAgent(world: World, node: ModelNode): void {
  node.stopAgent();
  world.after(world.between(200, 9000), () => node.continueAgent());
}

function suspend(world: World, node: ModelNode): void {
  node.suspend(world.random.chance(2));
  world.after(world.between(200, 9000), () => node.resume());
}

function cutStore(world: World, node: ModelNode): void {
  world.cutFromStore.add(node.name);
  world.after(world.between(300, 9000), () => world.cutFromStore.delete(node.name));
}

/** A disk is lost only while another whole copy is known: what nobody survives is promised to nobody. */
function loseDisk(world: World, node: ModelNode): void {
  const standbys = [...world.nodes.values()].filter(({ kind }) => kind === 'standby');
  if (standbys.length < 3 || !world.judge.anotherHolds(node)) return;
  node.crashMachine();
  for (const name of instanceNames) node.instances[name].present = false;
}
