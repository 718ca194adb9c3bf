import {
  type Acknowledgements,
  afterAnswer,
  allStored,
  backlogOf,
  beforeUnsent,
  firstWithin,
  holesIn,
  isThere,
  lacking,
  type LocalChain,
  type LocalRow,
  loadsOf,
  resting,
  sentOf,
  withAnotherMaster,
} from '../../core/audit/carry-step.ts';
import { describeError } from '../../core/problem.ts';
import type { PeerAddress } from '../../core/serving.ts';
import { Ways } from '../../core/ways.ts';
import type { Logger } from '../../runtime/log.ts';
import { pause } from '../../runtime/pause.ts';
import type { KeptTrail } from '../../store/kept-trail.ts';
import type { Pusher } from './push.ts';

export interface CarryNeeds {
  readonly trail: KeptTrail;
  readonly pusher: Pusher;
  /** The ways to whoever takes records now, the best first; empty: none is known. */
  readonly master: () => readonly PeerAddress[];
  /** Another one for another master: what the one before had, the next may not have. */
  readonly term: () => number;
  /** Told after each round how many records the master lacks. */
  readonly onBacklog: (records: number) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** The master's API thread has nothing else to do while it looks at them: some tens of milliseconds. */
const rowsAtOnce = 1000;
/** A quarter of the bytes that the master takes in one push: a character may have three. */
const charactersAtOnce = 4 * 1024 * 1024;
const idleMs = 200;
const retryLeastMs = 200;
const retryMostMs = 5000;
const tellFromMs = 1600;
/** A chain that the master refused is sent again after this long: who mends the reason need not restart anything. */
const restMs = 60_000;
const tidyEveryMs = 10_000;

/**
 * Carries what this follower has recorded to the master, until `signal`: in the order in which it was written, each record
 * again and again until the master says that it has it for good. Nothing is thrown away before.
 */
export async function carry(needs: CarryNeeds): Promise<void> {
  const { log, signal } = needs;
  let progress: Progress = { known: new Map(), ahead: [] };
  let retryMs = retryLeastMs;
  const ways = new Ways();
  let term = needs.term();
  const tidyUp = tidying(needs);
  let isStuck = false;
  while (!signal.aborted) {
    try {
      if (term !== needs.term()) progress = { known: withAnotherMaster(progress.known), ahead: [] };
      term = needs.term();
      const to = ways.choose(needs.master());
      tidyUp(progress.known); // here, where what another master may lack is in doubt already
      const { next, isBusy } = await round(needs, progress, to);
      progress = next;
      retryMs = retryLeastMs;
      if (isStuck) log.info('audit records go to the master again');
      isStuck = false;
      if (!isBusy) await pause(idleMs, signal);
    } catch (error) {
      ways.leadsNowhere();
      // A failover takes a moment; what lasts longer is told, once.
      if (!isStuck && retryMs >= tellFromMs) {
        isStuck = true;
        log.warn(`audit records wait, and are kept here: ${describeError(error)}`);
      }
      await pause(retryMs, signal);
      retryMs = Math.min(retryMs * 2, retryMostMs);
    }
  }
}

interface Progress {
  readonly known: Acknowledgements;
  /** What comes next when all goes well, read while what was before it was on its way. */
  readonly ahead: readonly LocalRow[];
}

/** One push, where there is something to push and somebody to push it to. */
async function round(
  { trail, pusher, onBacklog, log }: CarryNeeds,
  { known, ahead }: Progress,
  to: PeerAddress | null,
): Promise<{ readonly next: Progress; readonly isBusy: boolean }> {
  const chains = await trail.chains();
  onBacklog(backlogOf(chains, known));
  const nowMs = performance.now();
  const pending = lacking(chains, known, nowMs);
  if (pending.length === 0 || to === null) return { next: { known, ahead: [] }, isBusy: false };
  const rows = ahead.length > 0 ? ahead : await readRows(trail, pending, known);
  const holes = ahead.length > 0 ? [] : holesIn(pending, rows, known);
  for (const { chain } of holes)
    log.error(
      { chain },
      'audit records of this chain are missing here; what comes behind them is kept, and not sent',
    );
  if (holes.length > 0)
    return { next: { known: resting(known, holes, nowMs + restMs), ahead: [] }, isBusy: true };
  const loads = loadsOf(pending, firstWithin(rows, charactersAtOnce), known);
  // What was read ahead may be of no use: then it is read anew, at once.
  if (loads.length === 0) return { next: { known, ahead: [] }, isBusy: ahead.length > 0 };
  const hoped = afterAnswer(known, loads, allStored(loads), { nowMs, restMs });
  const reading = readRows(trail, lacking(chains, hoped, nowMs), hoped).catch(() => []);
  const outcomes = await pusher.push(to, loads);
  for (const outcome of outcomes) {
    if (!outcome.stored) log.warn(outcome, 'the master refused audit records of this node; they are kept');
  }
  const next = afterAnswer(known, loads, outcomes, { nowMs, restMs });
  onBacklog(backlogOf(chains, next));
  return { next: { known: next, ahead: await reading }, isBusy: true };
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

/** Throws away what the master has, from time to time, beside the carrying: it may have to wait for somebody who reads. */
function tidying({ trail, log }: CarryNeeds): (known: Acknowledgements) => void {
  let next = performance.now() + tidyEveryMs;
  let isBusy = false;
  let newest: Acknowledgements = new Map();
  return (known) => {
    newest = known; // also for one that is under way: another master may have less
    if (isBusy || performance.now() < next) return;
    isBusy = true;
    tidy(trail, () => newest)
      .catch((error: unknown) => log.debug(`audit records are not thrown away yet: ${describeError(error)}`))
      .finally(() => {
        isBusy = false;
        next = performance.now() + tidyEveryMs;
      });
  };
}

async function tidy(trail: KeptTrail, known: () => Acknowledgements): Promise<void> {
  const chains = new Map<number, LocalChain>((await trail.chains()).map((chain) => [chain.id, chain]));
  await trail.tidy((id, seq) => {
    const chain = chains.get(id);
    return chain !== undefined && isThere(chain, seq, known());
  });
}
