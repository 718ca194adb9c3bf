import type { Random } from '../../../random.ts';
import { isBusy, renewalVerdict } from '../answers.ts';
import { expirationText, readExpiration, releasedText } from '../expiration.ts';
import { lockState, type LockState, needsOlder } from '../lock-state.ts';
import { type ServerNow, serverNow, type ServerTime, withAnswer } from '../server-time.ts';
import type { ModelAnswer, ModelRequest } from './model-server.ts';

/** What a contender does next: asks and waits for the answer (null: none came), or waits. */
export type Effect =
  | { readonly kind: 'ask'; readonly request: () => ModelRequest }
  | { readonly kind: 'wait'; readonly ms: number };
export type Steps<T> = Generator<Effect, T, ModelAnswer | null>;

export interface CandidateWorld {
  readonly protocol: 'fenced' | 'published';
  readonly leaseMs: number;
  readonly random: Random;
  /** The contender's own clock. */
  readonly clock: () => number;
  readonly newWriter: () => string;
  /** It leads from now on, until its authority ends. */
  readonly onLead: (office: ModelOffice) => void;
}

/** One time of leading. */
export interface ModelOffice {
  readonly term: number;
  readonly writer: string | null;
  /** By the contender's own clock. */
  untilMs: number;
}

const marginMs = 2000;

/** One contender, for ever: looks, takes the lead when it is free, renews, leaves now and then, and begins again. */
export function* candidate(world: CandidateWorld): Steps<never> {
  const { leaseMs, random, clock } = world;
  let unsettledSinceMs: number | null = null;
  const time: Time = { known: null };
  for (;;) {
    const seen = yield* look(world, time);
    if (seen === null || seen.kind === 'held') {
      unsettledSinceMs = null;
      yield wait(Math.floor(leaseMs / 10) - random.below(200));
      continue;
    }
    if (seen.isUnsettled) {
      unsettledSinceMs ??= clock();
      if (clock() - unsettledSinceMs < leaseMs) {
        yield wait(300);
        continue;
      }
    }
    unsettledSinceMs = null;
    const office = yield* takeLead(world, time);
    if (office === null) {
      yield wait(random.below(500));
      continue;
    }
    world.onLead(office);
    yield* keepLease(world, time, office);
    office.untilMs = Math.min(office.untilMs, clock());
    yield wait(random.below(leaseMs)); // others first
  }
}

interface Time {
  known: ServerTime | null;
}

function wait(ms: number): Effect {
  return { kind: 'wait', ms: Math.max(1, ms) };
}

function* ask(world: CandidateWorld, time: Time, request: () => ModelRequest): Steps<ModelAnswer | null> {
  let sentMs = world.clock();
  const answer = yield {
    kind: 'ask',
    request: () => {
      sentMs = world.clock();
      return request();
    },
  };
  if (answer !== null)
    time.known = withAnswer(time.known, { dateMs: answer.dateMs, sentMs, receivedMs: world.clock() });
  return answer;
}

function nowAt(world: CandidateWorld, time: Time): ServerNow {
  return time.known === null ? { lowMs: 0, highMs: 0 } : serverNow(time.known, world.clock());
}

function* look(
  world: CandidateWorld,
  time: Time,
): Steps<(LockState & { readonly newest: string | null }) | null> {
  const first = yield* ask(world, time, () => ({ kind: 'expiration' }));
  if (first === null) return null;
  const { leaseMs, protocol } = world;
  const newest = first.expirations[0] ?? null;
  if (protocol === 'published') {
    const { kind } = readExpiration(newest, nowAt(world, time), leaseMs);
    const isHeld = kind === 'live' || kind === 'beyond';
    return {
      ...(isHeld ? { kind: 'held', untilMs: 0, isProven: true } : { kind: 'free', isUnsettled: false }),
      newest,
    };
  }
  const leader = yield* ask(world, time, () => ({ kind: 'leader' }));
  if (leader === null) return null;
  const { leaderMadeMs } = leader;
  const reading = { expirations: first.expirations.slice(0, 1), leaderMadeMs };
  if (!needsOlder(reading, nowAt(world, time), leaseMs))
    return { ...lockState(reading, nowAt(world, time), leaseMs), newest };
  const older = yield* ask(world, time, () => ({ kind: 'expiration' }));
  if (older === null) return null;
  const { expirations } = older;
  return { ...lockState({ expirations, leaderMadeMs }, nowAt(world, time), leaseMs), newest };
}

function* takeLead(world: CandidateWorld, time: Time): Steps<ModelOffice | null> {
  const { protocol, random, clock, leaseMs } = world;
  if (protocol === 'fenced') {
    yield wait(random.below(500));
    const seen = yield* look(world, time);
    if (seen === null || seen.kind === 'held') return null;
    const again = yield* ask(world, time, () => ({ kind: 'expiration' }));
    if (again === null || (again.expirations[0] ?? null) !== seen.newest) return null;
  }
  const put = yield* ask(world, time, () => ({ kind: 'put' }));
  if (put === null || isBusy(put.status)) return null;
  const writer = protocol === 'fenced' ? world.newWriter() : null;
  const post = yield* ask(world, time, () => ({ kind: 'post', writer }));
  if (post === null || isBusy(post.status) || !post.hasWon) return null;
  const office = { term: post.version, writer, untilMs: clock() };
  office.untilMs = clock() + leaseMs; // no lease was written yet; the first renewal sets it
  const renewed = yield* renew(world, time, office);
  return renewed === 'renewed' ? office : null;
}

/** Until it is deposed, its authority ends, or it leaves by itself. */
function* keepLease(world: CandidateWorld, time: Time, office: ModelOffice): Steps<void> {
  const { leaseMs, random, clock } = world;
  for (;;) {
    yield wait(leaseMs / 3 + random.below(300));
    if (clock() >= office.untilMs + marginMs) return;
    if (random.chance(12)) {
      office.untilMs = clock();
      yield* ask(world, time, () => ({ kind: 'renew', writer: office.writer, text: releasedText }));
      return;
    }
    if ((yield* renew(world, time, office)) === 'deposed') {
      office.untilMs = clock();
      return;
    }
  }
}

function* renew(
  world: CandidateWorld,
  time: Time,
  office: ModelOffice,
): Steps<ReturnType<typeof renewalVerdict>> {
  let sentMs = 0;
  const answer = yield* ask(world, time, () => {
    sentMs = world.clock();
    const text = expirationText(nowAt(world, time), world.leaseMs);
    return { kind: 'renew', writer: office.writer, text };
  });
  const verdict = answer === null ? 'unclear' : renewalVerdict(answer.status);
  if (verdict === 'renewed') office.untilMs = sentMs + world.leaseMs - marginMs;
  return verdict;
}
