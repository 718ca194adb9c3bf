import { loadPolicy } from '../../client/policies.ts';
import { isProblem } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';
import type { SafeLoad } from '../../core/sync/safe-loads.ts';
import { noteRemovals } from '../state/state.ts';
import type { CarryContext } from './carry-context.ts';
import { maybeUnseen } from './maybe-unseen.ts';

/**
 * Sends the loads of a safe one after the other: a server loads one policy at a time. None makes a user or host, so one that was lost
 * on the way is sent again.
 *
 * @throws Problem what the first load that fails ends with; those behind it are not sent
 */
export async function sendLoads(context: CarryContext, loads: readonly SafeLoad[]): Promise<void> {
  for (const each of loads) {
    await (each.removes > 0 ? sendRemoving(context, each) : sendRepeatable(context, each)).catch(
      (error: unknown) => {
        throw maybeUnseen(error);
      },
    );
    await context.checkpoint();
  }
}

async function sendRepeatable({ authority }: CarryContext, load: SafeLoad): Promise<void> {
  await loadPolicy(authority.writer(), load, { repeatable: true });
}

/**
 * Removals are counted, and that is kept, before they are sent: what is interrupted counts, too. They are sent once at first, so that a
 * refusal says that nothing was done, and they do not count; the refusal of a load that was sent again would not say it.
 */
async function sendRemoving(context: CarryContext, load: SafeLoad): Promise<void> {
  const { authority, state, nowMs, countsRemovals, checkpoint } = context;
  const before = state.removals;
  if (countsRemovals) noteRemovals(state, load.removes, nowMs);
  await checkpoint('now');
  try {
    await loadPolicy(authority.writer(), load);
    return;
  } catch (error) {
    if (isProblem(error, ...undone)) state.removals = before;
    if (!isProblem(error, 'api_unanswered', 'api_unavailable')) throw error;
  }
  await sendRepeatable(context, load);
}

/** Answers 4xx, and `no_authority`, which is said before a request is sent or by such an answer. */
const undone: readonly ProblemCode[] = [
  'api_invalid',
  'api_unauthenticated',
  'api_forbidden',
  'api_missing',
  'api_not_allowed',
  'api_conflict',
  'api_too_large',
  'no_authority',
];
