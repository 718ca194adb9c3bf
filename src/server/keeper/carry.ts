import { withAnotherMaster } from '../../core/audit/carry-answer.ts';
import type { Acknowledgements } from '../../core/audit/carry-step.ts';
import { describeError } from '../../core/problem.ts';
import type { PeerAddress } from '../../core/serving.ts';
import { Ways } from '../../core/ways.ts';
import { pause } from '../../runtime/pause.ts';
import { begun, round, type RoundNeeds } from './carry-round.ts';
import { tidying } from './tidying.ts';

export interface CarryNeeds extends RoundNeeds {
  /** The ways to whoever takes records now, the best first; empty: none is known. */
  readonly master: () => readonly PeerAddress[];
  /** Another one for another master: what the one before had, the next may not have. */
  readonly term: () => number;
  readonly signal: AbortSignal;
}

const idleMs = 200;
const retryLeastMs = 200;
const retryMostMs = 5000;
const tellFromMs = 1600;

/**
 * Carries what this follower has recorded to the master, until `signal`: in the order in which it was written, each record
 * again and again until the master says that it has it for good. Nothing is thrown away before.
 */
export async function carry(needs: CarryNeeds): Promise<void> {
  const { log, signal } = needs;
  let progress = begun(new Map());
  let retryMs = retryLeastMs;
  const ways = new Ways();
  let term = needs.term();
  const tidyUp = tidying(needs);
  let isStuck = false;
  /** Of a master that nobody has asked yet nothing is known. */
  const known = (): Acknowledgements => (term === needs.term() ? progress.known : new Map());
  while (!signal.aborted) {
    try {
      if (term !== needs.term()) progress = begun(withAnotherMaster(progress.known));
      term = needs.term();
      const to = ways.choose(needs.master());
      tidyUp(known);
      const { next, isBusy } = await round(needs, progress, to);
      progress = next;
      retryMs = retryLeastMs;
      if (isStuck) log.info('audit records go to the master again');
      isStuck = false;
      if (!isBusy) await pause(idleMs, signal);
    } catch (error) {
      progress = begun(progress.known); // what else was under way may be there or not, and is sent again
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
