import { type Context, either, heldFor, type Verdict, waitedFor } from './context.ts';
import { eventMs, hangLimitMs, soonMs } from './timing.ts';

/** After so many starts in a row that ended by themselves, another one will not help. */
const patience = 3;
const againMs = 5000;
/** So often an instance that answers nothing is started again before it counts as broken. */
const hangPatience = 2;

/** An instance is stopped, and ended by itself soon after each of its last starts, or answered nothing after them. */
export function startsInVain({ memory, view }: Context): boolean {
  if (!either(view.instances, (i) => i.state === 'stopped')) return false;
  return either(view.instances, (i) => i.earlyEnds >= patience) || memory.hangs >= hangPatience;
}

/**
 * Whether a copy from the leader of `term` could help: it is one attempt a term, and after one that failed a start comes
 * first, since what kept it from starting may have been put right.
 */
export function mayBeCopied({ memory, view }: Context, term: number): boolean {
  const failed = view.task?.kind === 'copy' && view.task.state === 'failed';
  return memory.copiedFor !== term && !failed;
}

/** It is tried again after a while: what was wrong may have been put right. Null: the while is over. */
export function waitsForNextStart(c: Context): Verdict | null {
  const { triedAt } = c.memory;
  const because = 'an instance ends at each start; it is tried again in a moment';
  if (triedAt === null) return { because, memory: { triedAt: c.view.now }, wakeInMs: eventMs };
  if (heldFor(c, triedAt) < againMs) return { because, wakeInMs: eventMs };
  return null;
}

/** An instance that has answered nothing for long: both are killed, and what is stopped is started by the next turns. */
export function restartOfHanging(c: Context): Verdict | null {
  const { hangingSince, hangs } = c.memory;
  if (hangingSince === null || waitedFor(c, hangingSince) < hangLimitMs) return null;
  return {
    because: 'an instance does not answer: starting it again',
    actions: [{ kind: 'fence', reason: 'an instance hangs' }],
    memory: { hangingSince: null, hangs: hangs + 1 },
    wakeInMs: soonMs,
  };
}
