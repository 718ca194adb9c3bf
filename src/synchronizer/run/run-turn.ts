import type { PositionMemory } from '../../client/client.ts';
import { describeError, isProblem } from '../../core/problem.ts';
import type { Logger } from '../../runtime/log.ts';
import { pause } from '../../runtime/pause.ts';
import type { Authority } from '../authority.ts';
import type { SyncConfig } from '../config/config.ts';
import { openSync } from '../config/open-sync.ts';
import { clientOf, lost } from '../election/elected-authority.ts';
import type { PassOutcome } from '../pass/outcome.ts';
import { runPass } from '../pass/run-pass.ts';
import type { PassDesk, RunDesk } from './run-desk.ts';
import { tellWhatIsAmiss } from './tell-amiss.ts';

/** For how long passes may be made, and as whom. */
export interface Turn {
  readonly signal: AbortSignal;
  /** Of the term; null: this synchronizer is the only one. */
  readonly authority: Authority | null;
  /** Of the term: one that leads again by the same was followed by nobody. Null: there are no terms. */
  readonly token: string | null;
  /** Told of each pass: whether it went through, and something of the vault was read. */
  readonly onPass?: (isGood: boolean) => void;
}

export interface TurnNeeds {
  readonly desk: RunDesk;
  readonly log: Logger;
  readonly stop: AbortSignal;
  /** Shared by all that read and write: whoever reads sees what was written. */
  readonly position: PositionMemory;
  /** The configuration, read anew. */
  readonly reread: () => Promise<SyncConfig>;
  /** Of the term in which everything was looked at last: a term that goes on needs that once. */
  readonly lookedAt: { token: string | null };
}

/**
 * Pass after pass until the turn is over, somebody pauses, or the run is stopped. The first of a term looks at everything: what is
 * remembered may be older than what another leader wrote.
 */
export async function makePasses(needs: TurnNeeds, turn: Turn): Promise<void> {
  const { desk, log, stop, lookedAt } = needs;
  let failures = 0;
  let told: ReadonlySet<string> = new Set();
  while (!turn.signal.aborted && !stop.aborted && desk.pauses.current() === null) {
    let everyMs = 0;
    let hasRead = true;
    const takesOver = turn.authority !== null && turn.token !== lookedAt.token;
    const ended = await desk.pass(async (pass) => {
      const config = await needs.reread();
      ({ everyMs } = config);
      const outcome = await onePass(needs, turn, { config, pass, takesOver });
      hasRead = hasReadSome(outcome);
      return outcome;
    });
    if (ended.end === 'interrupted') continue;
    failures = ended.end === 'failed' ? failures + 1 : 0;
    // One whose leadership went elsewhere says nothing of who makes passes here.
    const isOver = ended.end === 'failed' && isProblem(ended.error, 'no_authority');
    if (isOver) log.info({ because: describeError(ended.error) }, 'pass ended with its term');
    else if (ended.end === 'failed') log.error({ fault: describeError(ended.error) }, 'pass failed');
    else {
      if (ended.end === 'done') lookedAt.token = turn.token; // one that stopped has looked at nothing
      const { counts, seconds, mode, stopped } = ended.status;
      const sentence = stopped === null ? 'pass done' : 'pass stopped: too many removals';
      log[stopped === null ? 'info' : 'error']({ counts, seconds, mode, stopped }, sentence);
      told = tellWhatIsAmiss(log, ended.status, told);
    }
    const { diskFault } = desk.report.view();
    if (diskFault !== null)
      log.error(
        { diskFault },
        'the state directory cannot be written; "holdfast sync status" asks this process',
      );
    if (!isOver) turn.onPass?.(ended.end !== 'failed' && hasRead);
    await pause(
      pauseAfterPassMs({ everyMs, failures, takesOver }),
      AbortSignal.any([turn.signal, stop, desk.pauses.signal()]),
    );
  }
}

/** Whether the source answered for anything at all. An empty vault does. */
export function hasReadSome({ lobFaults, safes }: Pick<PassOutcome, 'lobFaults' | 'safes'>): boolean {
  const isRead = safes.some(({ fault }) => fault === null);
  return isRead || (lobFaults.length === 0 && safes.length === 0);
}

/** After a configuration that cannot be read. */
const afterFaultMs = 10_000;
/** After a first pass of a term that failed; twice as long after each further one. */
const takeOverAgainMs = 1000;

/**
 * How long to wait before the next pass. What has never been looked at in this term is not left for a whole period because one
 * answer was missing.
 *
 * @param everyMs the period; 0: it could not be read
 * @param failures passes that failed, in a row
 * @param takesOver it was the first pass of a term, or one of those that stand in for it
 */
export function pauseAfterPassMs(passed: {
  readonly everyMs: number;
  readonly failures: number;
  readonly takesOver: boolean;
}): number {
  const { everyMs, failures, takesOver } = passed;
  const usualMs = everyMs === 0 ? afterFaultMs : everyMs;
  if (!takesOver || failures === 0) return usualMs;
  return Math.min(usualMs, takeOverAgainMs * 2 ** Math.min(failures - 1, 16));
}

async function onePass(
  { desk, stop, position }: TurnNeeds,
  turn: Turn,
  {
    config,
    pass,
    takesOver,
  }: { readonly config: SyncConfig; readonly pass: PassDesk; readonly takesOver: boolean },
): Promise<PassOutcome> {
  const settings = await openSync(config, AbortSignal.any([stop, turn.signal]), desk.report.called, position);
  const signal = AbortSignal.any([pass.signal, turn.signal]);
  const authority = pass.authority(turn.authority ?? settings.authority);
  const client = turn.authority === null ? settings.client : clientOf(turn.authority, settings.client);
  try {
    const { onProgress, onUnfinished } = pass;
    const options = {
      safe: null,
      dryRun: false,
      full: false,
      takesOver,
      signal,
      onProgress,
      onUnfinished,
      ...pass.accepted,
    };
    return await runPass({ ...settings, client, authority }, options);
  } catch (error) {
    // What was interrupted by the end of the term is told as that.
    if (turn.signal.aborted && !stop.aborted && !pass.signal.aborted) throw lost('its term is over');
    throw error;
  } finally {
    await settings.close();
  }
}
