import { EventQueue } from '../../failover/testing/event-queue.ts';
import { type Random, seededRandom } from '../../random.ts';
import { electionTiming } from '../timing.ts';
import { ModelContender, type ModelWorld } from './model-contender.ts';
import { ModelStore } from './model-store.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** One clock runs at 0.8: then authority may overlap, and only the tokens keep their promise. */
  readonly hasSlowClock?: boolean;
  /** What the task may take to stop, as a share of the TTL: the margin is so much larger. */
  readonly taskStopShare?: number;
  readonly trace?: (line: string) => void;
}

export interface SimulationResult {
  /** The first promise that was broken, or null. */
  readonly violation: string | null;
  readonly elections: number;
  readonly overlaps: number;
}

const chaosMs = 90_000;

/** One life of an election between five contenders, full of faults, then calm. Same seed, same life. */
export function simulate({
  seed,
  hasSlowClock = false,
  taskStopShare = 0,
  trace = () => undefined,
}: SimulationOptions): SimulationResult {
  const random = seededRandom(seed);
  const queue = new EventQueue();
  const ttlMs = random.pick([2000, 10_000, 15_000]);
  const lockDelayMs = random.pick([0, 0, 0, 1000]);
  const timing = electionTiming(ttlMs, ttlMs * random.pick([0.2, 0.4, 2 / 3]), ttlMs * taskStopShare);
  const store = new ModelStore(queue, random, lockDelayMs);
  const contenders: ModelContender[] = [];
  const violations: string[] = [];
  let elections = 0;
  let overlaps = 0;
  let newest = '';
  let newestOf = '';
  const world: ModelWorld = {
    queue,
    random,
    store,
    timing,
    ttlMs,
    trouble: random.pick([0, 8, 20, 60]),
    trace,
    onLead: (leader, token) => {
      elections += 1;
      const other = contenders.find((each) => each !== leader && each.isLeading);
      if (other !== undefined) {
        overlaps += 1;
        if (!hasSlowClock) violations.push(`at ${queue.now} ${leader.name} and ${other.name} lead`);
      }
      // Whoever lost its authority and still holds the lock leads again by the same token.
      const isOld = token < newest || (token === newest && newestOf !== leader.name);
      if (isOld) violations.push(`at ${queue.now} ${leader.name} leads by an old token`);
      newest = token;
      newestOf = leader.name;
    },
  };
  let count = 0;
  const begin = (): void => {
    count += 1;
    const contender = new ModelContender(`c${count}`, world, hasSlowClock && count === 1 ? 0.8 : 1);
    contenders.push(contender);
    contender.start();
  };
  for (let each = 0; each < 5; each += 1) queue.after(random.below(50), begin);
  for (let each = 4 + random.below(14); each > 0; each -= 1) {
    queue.after(100 + random.below(chaosMs), () => strike({ world, contenders, begin, random }));
  }
  const runUntil = (at: number): void => {
    while (queue.nextAt <= at && violations.length === 0) queue.step();
    queue.now = at;
  };
  runUntil(chaosMs);
  world.trouble = 0;
  for (const contender of contenders) {
    contender.isCut = false;
    contender.wake();
  }
  trace(`${queue.now.toFixed(1)} calm`);
  // The last renewal of one who died a moment ago, what is still on its way for so long, and one who stood back.
  runUntil(chaosMs + 2 * ttlMs + 4 * ttlMs);
  const bound = 2 * ttlMs + lockDelayMs + 2 * timing.callMs + 4 * timing.retryMs + 200;
  runUntil(queue.now + bound);
  const leaders = contenders.filter((each) => each.isLeading);
  if (leaders.length !== 1) violations.push(`${leaders.length} lead after all was well for ${bound} ms`);
  return { violation: violations[0] ?? null, elections, overlaps };
}

/** A life without faults but one: how long nobody leads, in milliseconds, and the bound that it should keep. */
export function timeWithoutLeader(
  seed: number,
  fault: 'kill' | 'stop' | 'delete' | 'destroy',
): { readonly withoutMs: number; readonly boundMs: number } {
  const random = seededRandom(seed);
  const queue = new EventQueue();
  const [ttlMs, lockDelayMs] = [15_000, 0];
  const store = new ModelStore(queue, random, lockDelayMs);
  const contenders: ModelContender[] = [];
  let leads = 0;
  const timing = electionTiming(ttlMs, 10_000);
  const world: ModelWorld = {
    queue,
    random,
    store,
    timing,
    ttlMs,
    trouble: 0,
    trace: () => undefined,
    onLead: () => {
      leads += 1;
    },
  };
  for (let each = 1; each <= 5; each += 1) contenders.push(new ModelContender(`c${each}`, world, 1));
  for (const contender of contenders) contender.start();
  const until = (done: () => boolean, limitMs: number): void => {
    while (!done() && queue.now < limitMs) queue.step();
  };
  until(() => leads === 1, 60_000);
  const calmUntil = queue.now + random.below(30_000);
  until(() => false, calmUntil);
  const leader = contenders.find((each) => each.isLeading);
  const before = queue.now;
  if (fault === 'kill') leader?.kill();
  else if (fault === 'stop') leader?.happens({ kind: 'stop' });
  else if (fault === 'delete') store.deleteKey();
  else store.destroy(leader?.sessionId ?? '');
  until(() => leads === 2, before + 120_000);
  return { withoutMs: queue.now - before, boundMs: fault === 'kill' ? 2 * ttlMs + 100 : 100 };
}

interface Scene {
  readonly world: ModelWorld;
  readonly contenders: readonly ModelContender[];
  readonly begin: () => void;
  readonly random: Random;
}

/** One fault, mostly where it hurts: at the leader. */
function strike({ world, contenders, begin, random }: Scene): void {
  const alive = contenders.filter((each) => !each.isDone);
  if (alive.length === 0) return begin();
  const leader = alive.find((each) => each.isLeading);
  const victim = leader !== undefined && !random.chance(3) ? leader : random.pick(alive);
  const fault = random.pick([
    'kill',
    'sleep',
    'cut',
    'delete',
    'delete',
    'overwrite',
    'stop',
    'stepDown',
    'unfit',
  ] as const);
  world.trace(`${world.queue.now.toFixed(1)} ${fault} ${victim.name}`);
  const later = (run: () => void): void => world.queue.after(random.below(3 * world.ttlMs), run);
  switch (fault) {
    case 'kill':
      victim.kill();
      return later(begin);
    case 'sleep':
      victim.sleep();
      return later(() => victim.wake());
    case 'cut':
      victim.isCut = true;
      return later(() => {
        victim.isCut = false;
      });
    case 'delete':
      return world.store.deleteKey();
    case 'overwrite':
      return world.store.overwriteKey();
    case 'stop':
      victim.happens({ kind: 'stop' });
      return later(begin);
    case 'stepDown':
      return victim.happens({ kind: 'stepDown' });
    case 'unfit':
      victim.happens({ kind: 'fitness', unfitBecause: 'its check fails' });
      return later(() => victim.happens({ kind: 'fitness', unfitBecause: null }));
  }
}
