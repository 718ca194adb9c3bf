import { seededRandom } from '../../random.ts';
import { decide } from '../decide.ts';
import { instanceNames } from '../cluster-state.ts';
import { unleash } from './chaos.ts';
import type { Edge } from './edge.ts';
import { Violation } from './judge.ts';
import { type Said, type Shape, World } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly decide?: typeof decide;
  readonly edge?: Edge;
  readonly trace?: (atMs: number, said: Said) => void;
}

export interface SimulationResult {
  readonly seed: number;
  /** The promise that was broken, or null. */
  readonly violation: string | null;
  readonly simulatedMs: number;
  readonly events: number;
  readonly acknowledgedWrites: number;
  readonly promotions: number;
}

/**
 * How long after the last fault a cluster may take to be whole again: the longest way back is that of an instance that never
 * becomes consistent (`startLimitMs`), begun when a node that was dead for a while has come back.
 */
const convergenceMs = 90_000;

/** One life of a cluster, full of faults, all of it from `seed`. */
export function simulate(options: SimulationOptions): SimulationResult {
  const random = seededRandom(options.seed ^ 0x5eed);
  const shape = randomShape(random);
  const { trace } = options;
  const world = new World({
    seed: options.seed,
    shape,
    decide: options.decide ?? decide,
    edge: options.edge ?? {},
    trace: trace === undefined ? null : (said) => trace(world.now, said),
    calm: false,
  });
  const healAtMs = 10_000 + random.below(30_000);
  world.longWorkMs = random.pick([500, 1500, 4000]);
  for (const node of world.nodes.values()) world.after(random.below(2000), () => node.start());
  unleash(world, healAtMs);
  write(world);
  const violation = run(world, healAtMs);
  const { acknowledgedWrites, promotions } = world.judge;
  return {
    seed: options.seed,
    violation,
    simulatedMs: world.now,
    events: world.queue.count,
    acknowledgedWrites,
    promotions,
  };
}

function run(world: World, healAtMs: number): string | null {
  let lookAtMs = healAtMs + 500;
  let wholeSince = Infinity;
  try {
    while (world.queue.nextAt < healAtMs + convergenceMs) {
      world.queue.step();
      if (world.now < lookAtMs) continue;
      lookAtMs += 250;
      if (missing(world) !== null) wholeSince = Infinity;
      else if (wholeSince === Infinity) wholeSince = world.now;
      else if (world.now - wholeSince > 1500) return null;
    }
    return `not whole ${convergenceMs / 1000} s after the last fault: ${missing(world)}`;
  } catch (error) {
    if (error instanceof Violation) return error.message;
    throw error;
  }
}

function randomShape(random: ReturnType<typeof seededRandom>): Shape {
  const standbys = random.pick([2, 3, 3, 3, 3, 3, 4]);
  const names = ['a', 'b', 'c', 'd'].slice(0, standbys);
  const nodes: Shape['nodes'][number][] = names.map((name) => ({ name, kind: 'standby' }));
  if (random.chance(5)) nodes.push({ name: 'f', kind: 'follower' });
  if (random.chance(8)) nodes.push({ name: 'x', kind: 'asynchronous' });
  return {
    nodes,
    ttlMs: random.pick([2000, 2000, 5000]),
    syncCount: random.pick([1, 1, 2]),
    strict: !random.chance(6),
    autoRejoin: !random.chance(10),
  };
}

/** A client that writes wherever writes are taken. */
function write(world: World): void {
  for (const node of world.nodes.values()) {
    if (!node.answers || node.serving.writes !== 'open') continue;
    const instance = node.instances[world.random.chance(3) ? 'audit' : 'data'];
    if (instance.up && !instance.recovery && instance.frozen !== 'all') instance.commit();
  }
  world.after(world.between(10, 110), () => write(world));
}

/** What a whole cluster has and this one has not; null when it is whole. */
export function missing(world: World): string | null {
  const { leader, sync, evicted, promotion, config } = world.store.state;
  if (leader === null) return 'no leader';
  const master = world.node(leader.value.name);
  if (!master.answers || master.serving.writes !== 'open') return `${master.name} takes no writes`;
  if (instanceNames.some((name) => master.instances[name].recovery)) return `${master.name} is read-only`;
  const candidates = config.value.members.filter((m) => m.kind === 'standby').length - 1;
  const wanted = Math.min(config.value.syncCount, candidates);
  if (sync.value.standbys.length !== wanted)
    return `${sync.value.standbys.length} of ${wanted} standbys confirmed`;
  if (promotion !== null) return 'a promotion lock is left';
  for (const node of world.nodes.values()) {
    for (const name of instanceNames) {
      if (node === master || (node.kind === 'follower' && name === 'audit')) continue;
      if (!node.instances[name].receiving) return `${node.name} does not stream ${name}`;
    }
  }
  if (evicted.size > 0) return `${[...evicted.keys()].join(', ')} evicted`;
  return world.judge.holdsAll(master) ? null : 'an acknowledged write is not on the final master';
}
