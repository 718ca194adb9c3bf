import { afterAnswer, allStored, areSure, isOutdated, resting } from '../../core/audit/carry-answer.ts';
import {
  type Acknowledgements,
  backlogOf,
  beforeUnsent,
  firstWithin,
  holesIn,
  lacking,
  type Load,
  loadsOf,
  type LocalChain,
  type LocalRow,
  sentOf,
} from '../../core/audit/carry-step.ts';
import type { PushOutcome } from '../../core/audit/pushed.ts';
import type { PeerAddress } from '../../core/serving.ts';
import type { Logger } from '../../runtime/log.ts';
import type { KeptTrail } from '../../store/kept-trail.ts';
import type { Pusher } from './push.ts';

/** What a round of pushing works with. */
export interface RoundNeeds {
  readonly trail: KeptTrail;
  readonly pusher: Pusher;
  /** Fewer records than make a full push are not sent sooner after the last ones than this, in milliseconds. */
  readonly paceMs: () => number;
  /** Told after each round how many records the master lacks. */
  readonly onBacklog: (records: number) => void;
  readonly log: Logger;
}

/** The master's API thread has nothing else to do while it looks at them: some ten milliseconds. */
const rowsAtOnce = 2000;
/** While the master's database stores one, its API thread reads the next. */
const pushesAtOnce = 2;
/** A quarter of the bytes that the master takes in one push: a character may have three. */
const charactersAtOnce = 4 * 1024 * 1024;
/** Half of what the master takes in one push. */
const chainsAtOnce = 500;
/** A chain that the master refused is sent again after this long: who mends the reason need not restart anything. */
const restMs = 60_000;

/** A push that was sent, whose answer has not been looked at. */
interface UnderWay {
  /** What was known when it was sent. */
  readonly before: Acknowledgements;
  readonly loads: readonly Load[];
  readonly outcomes: Promise<readonly PushOutcome[]>;
}

/** How far the carrying is. */
export interface Progress {
  readonly known: Acknowledgements;
  /** In the order in which they were sent. */
  readonly underWay: readonly UnderWay[];
  /** What is known when the master takes all that is under way. */
  readonly hoped: Acknowledgements;
  /** When records were sent last, on the monotonic clock. */
  readonly sentAtMs: number;
  /** What comes next when all goes well, read while what was before it was on its way. */
  readonly ahead: Promise<readonly LocalRow[]> | null;
}

/** Nothing is under way. */
export function begun(known: Acknowledgements): Progress {
  return { known, underWay: [], hoped: known, sentAtMs: Number.NEGATIVE_INFINITY, ahead: null };
}

function settled(progress: Progress, known: Acknowledgements): Progress {
  return { ...begun(known), sentAtMs: progress.sentAtMs };
}

/** Sends what comes next, where there is something to push and somebody to push it to; or waits for the oldest answer. */
export async function round(
  needs: RoundNeeds,
  progress: Progress,
  to: PeerAddress | null,
): Promise<{ readonly next: Progress; readonly isBusy: boolean }> {
  const { trail, onBacklog, log } = needs;
  const { known, underWay, hoped, ahead } = progress;
  const isFull = underWay.length === pushesAtOnce || !underWay.every(({ loads }) => areSure(loads, known));
  if (isFull) return { next: await answered(needs, progress), isBusy: true };
  const chains = await trail.chains();
  onBacklog(backlogOf(chains, known));
  const nowMs = performance.now();
  const pending = lacking(chains, hoped, nowMs);
  const isEarly = nowMs < progress.sentAtMs + needs.paceMs() && backlogOf(pending, hoped) < rowsAtOnce;
  if (pending.length === 0 || to === null || isEarly) {
    return underWay.length > 0
      ? { next: await answered(needs, progress), isBusy: true }
      : { next: settled(progress, known), isBusy: false };
  }
  const early = ahead === null ? [] : await ahead;
  const rows = early.length > 0 ? early : await readRows(trail, pending, hoped);
  const holes = early.length > 0 ? [] : holesIn(pending, rows, hoped);
  for (const { chain } of holes)
    log.error(
      { chain },
      'audit records of this chain are missing here; what comes behind them is kept, and not sent',
    );
  if (holes.length > 0) {
    const then = await allAnswered(needs, progress);
    return { next: settled(then, resting(then.known, holes, nowMs + restMs)), isBusy: true };
  }
  const loads = loadsOf(pending, firstWithin(rows, charactersAtOnce), hoped).slice(0, chainsAtOnce);
  // What was read ahead may be of no use: then it is read anew, at once.
  if (loads.length === 0) {
    const then = await allAnswered(needs, progress);
    return { next: settled(then, then.known), isBusy: early.length > 0 || underWay.length > 0 };
  }
  return { next: send(needs, progress, { chains, loads, to }), isBusy: true };
}

function send(
  { trail, pusher }: RoundNeeds,
  { known, underWay, hoped }: Progress,
  next: {
    readonly chains: readonly LocalChain[];
    readonly loads: readonly Load[];
    readonly to: PeerAddress;
  },
): Progress {
  const { chains, loads, to } = next;
  const nowMs = performance.now();
  const outcomes = pusher.push(to, loads);
  outcomes.catch(() => undefined); // it is looked at in its turn
  const then = afterAnswer(hoped, loads, allStored(loads), { nowMs, restMs });
  const ahead = readRows(trail, lacking(chains, then, nowMs), then).catch(() => []);
  return {
    known,
    underWay: [...underWay, { before: known, loads, outcomes }],
    hoped: then,
    sentAtMs: nowMs,
    ahead,
  };
}

/** When the oldest answer has come. What it does not grant was hoped for in vain, and so was what went after it. */
async function answered(needs: RoundNeeds, progress: Progress): Promise<Progress> {
  const [oldest, ...later] = progress.underWay;
  if (oldest === undefined) return progress;
  const { before, loads } = oldest;
  const outcomes = await oldest.outcomes;
  for (const [index, outcome] of outcomes.entries()) {
    const load = loads[index];
    if (
      !outcome.stored &&
      load !== undefined &&
      !isOutdated(load, outcome, { before, known: progress.known })
    )
      needs.log.warn(outcome, 'the master refused audit records of this node; they are kept');
  }
  const nowMs = performance.now();
  const known = afterAnswer(progress.known, loads, outcomes, { nowMs, restMs, before });
  if (loads.length === outcomes.length && outcomes.every(({ stored }) => stored))
    // With nothing under way nothing is hoped for; and the master may have had more than was thought.
    return { ...progress, known, underWay: later, hoped: later.length === 0 ? known : progress.hoped };
  return settled(progress, await withLater(known, later));
}

/** What is known with the answers to pushes behind one that was refused: they tell of nothing but what is there. */
async function withLater(before: Acknowledgements, later: readonly UnderWay[]): Promise<Acknowledgements> {
  let known = before;
  for (const { loads, outcomes } of later) {
    const answers = await outcomes.catch(() => []); // they may be there or not, and are sent again
    const stored = answers.filter((outcome) => outcome.stored);
    known = afterAnswer(known, loads, stored, { nowMs: performance.now(), restMs });
  }
  return known;
}

async function allAnswered(needs: RoundNeeds, progress: Progress): Promise<Progress> {
  let next = progress;
  while (next.underWay.length > 0) next = await answered(needs, next);
  return next;
}

async function readRows(
  trail: KeptTrail,
  pending: readonly LocalChain[],
  known: Acknowledgements,
): Promise<readonly LocalRow[]> {
  if (pending.length === 0) return [];
  const sent = new Map(pending.map((chain) => [chain.id, sentOf(chain, known)]));
  return trail.rows(sent, { after: beforeUnsent(pending, known), limit: rowsAtOnce });
}
