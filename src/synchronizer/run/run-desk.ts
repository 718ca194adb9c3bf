import { type Acceptance, openAcceptance } from './acceptance.ts';
import { isProblem } from '../../core/problem.ts';
import type { Authority } from '../authority.ts';
import type { SyncConfig } from '../config/config.ts';
import { judgeHealth } from '../http/health.ts';
import { openMetrics } from '../http/metrics.ts';
import { openReport, type RunReport, type Standing } from '../http/report.ts';
import { serveRunStatus } from '../http/serve.ts';
import type { PassOutcome, Progress } from '../pass/outcome.ts';
import { type PauseWatch, restingAuthority, watchPause } from './pause.ts';
import { type HeldDirectory, holdStateDirectory } from '../state/held-directory.ts';
import { readStatus } from '../state/status-file.ts';
import { openStatusKeeper, type StatusKeeper } from '../state/status-keeper.ts';
import { keepStanding } from '../state/standing-file.ts';
import type { SyncStatus } from '../state/status.ts';

/** What a pass of a run is given: its signal also ends it when somebody pauses, and its authority at a point between two writes. */
export interface PassDesk {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  readonly onUnfinished: (outcome: PassOutcome) => void;
  readonly authority: (authority: Authority) => Authority;
  /** How many removals somebody accepted for this pass; nothing: the rules count. */
  readonly accepted: { readonly acceptedRemovals?: number };
}

/** How a pass of a run ended. */
export type DeskEnd =
  | { readonly end: 'done' | 'stopped'; readonly status: SyncStatus }
  | { readonly end: 'failed'; readonly error: unknown }
  /** Somebody paused or stopped the run. */
  | { readonly end: 'interrupted' };

/** Everything around the passes of `sync run`: the directory's lock, the pause, /health and /metrics, the status file. */
export interface RunDesk {
  readonly pauses: PauseWatch;
  readonly report: RunReport;
  /** Makes one pass and writes down what became of it, or keeps that in memory where the disk does not take it. Throws nothing. */
  readonly pass: (work: (desk: PassDesk) => Promise<PassOutcome>) => Promise<DeskEnd>;
  /** Tells the state directory who this synchronizer is now; for `sync status`. Call it when `standing` may have changed. */
  readonly standingChanged: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Opens the desk of a run.
 *
 * @param needs `config`: the one in force, which may change but for `stateDirectory` and `http`
 * @throws Problem `state_in_use`, `port_taken`
 */
export async function openDesk(needs: {
  readonly config: () => SyncConfig;
  readonly standing: () => Standing;
  readonly stop: AbortSignal;
  /** What was accepted and is used up could not be deleted. */
  readonly onUndeleted?: (error: unknown) => void;
}): Promise<RunDesk> {
  const { config, standing, stop, onUndeleted = () => undefined } = needs;
  const { stateDirectory, http, election, target } = config();
  const keeper = openStatusKeeper(stateDirectory);
  const held = await holdStateDirectory(stateDirectory, keeper.told);
  const closers: (() => Promise<void>)[] = [held.release];
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).toReversed()) await end();
  };
  try {
    const watching = new AbortController();
    closers.push(async () => watching.abort());
    const pauses = await watchPause(stateDirectory, AbortSignal.any([stop, watching.signal]));
    const now = (): number => performance.now();
    const known = await readStatus(stateDirectory);
    const diskFault = (): string | null => keeper.fault()?.code ?? null;
    const report = openReport({ now, standing, pause: pauses.current, known, diskFault });
    if (http !== null) {
      const leaseMs = election?.leaseMs ?? null;
      const health = () => judgeHealth(report.view(), { everyMs: config().everyMs, leaseMs }, now());
      const metrics = await openMetrics({ report, health, now });
      const name = election?.name ?? target.login;
      const server = await serveRunStatus(http, { report, metrics, name, health, now });
      closers.push(server.close);
    }
    const keepRole = () => keepStanding(stateDirectory, () => report.view().standing);
    let standingChanged = keepRole();
    await standingChanged().catch(() => undefined); // each pass tries again: a disk that is full may not be for long
    const acceptance = openAcceptance(stateDirectory, onUndeleted);
    return {
      pauses,
      report,
      standingChanged: () => standingChanged(),
      close,
      pass: async (work) => {
        const taken = await retaken(held);
        if (typeof taken !== 'boolean') return refused(report, taken.error);
        if (taken) standingChanged = keepRole(); // what was written is deleted, too
        await standingChanged().catch(() => undefined); // again, where the disk was full; whoever changed it has told why
        return onePass({ pauses, report, stop, config, keeper, acceptance }, work);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Whether the directory was deleted, and had to be taken anew; or why that could not be done. */
async function retaken(held: HeldDirectory): Promise<boolean | { readonly error: unknown }> {
  return held.ensure().catch((error: unknown) => ({ error }));
}

/** Without its directory, nothing is done and nothing is written there: it may be another one's. */
function refused(report: RunReport, error: unknown): DeskEnd {
  report.passBegan();
  report.passEnded('failed', { code: isProblem(error) ? error.code : 'unexpected' });
  return { end: 'failed', error };
}

async function onePass(
  needs: Pick<RunDesk, 'pauses' | 'report'> & {
    readonly stop: AbortSignal;
    readonly config: () => SyncConfig;
    readonly keeper: StatusKeeper;
    readonly acceptance: Acceptance;
  },
  work: (desk: PassDesk) => Promise<PassOutcome>,
): Promise<DeskEnd> {
  const { pauses, report, stop, keeper, acceptance } = needs;
  const paused = pauses.signal();
  report.passBegan();
  let unfinished: PassOutcome | null = null;
  const accepted = await acceptance.forPass();
  try {
    const outcome = await work({
      signal: AbortSignal.any([stop, paused]),
      onProgress: () => report.progressed(),
      onUnfinished: (done) => {
        unfinished = done;
      },
      authority: (authority) => restingAuthority(authority, pauses),
      accepted: accepted === null ? {} : { acceptedRemovals: accepted.removals },
    });
    await acceptance.used(accepted);
    const { branch, vault } = needs.config();
    const status = await keeper.passed({ base: branch, vault }, outcome);
    const end = outcome.stopped === null ? 'done' : 'stopped';
    report.passEnded(end, { status });
    return { end, status };
  } catch (error) {
    // It had begun to carry things out: what it was let do may be done.
    if (unfinished !== null) await acceptance.used(accepted);
    if (stop.aborted || (paused.aborted && isProblem(error, 'interrupted'))) {
      report.passEnded('interrupted', {});
      return { end: 'interrupted' };
    }
    // Leadership that went elsewhere is no failure of this pass: its next term begins afresh.
    if (isProblem(error, 'no_authority')) {
      report.passEnded('interrupted', {});
      return { end: 'failed', error };
    }
    // Texts of foreign errors are for the log alone.
    const fault = isProblem(error) ? error.detail : 'an unexpected error; the log has it';
    const status = await keeper.failed(fault, unfinished);
    // Sentences may name accounts, and /health answers anybody: it gets the code alone.
    const code = isProblem(error) ? error.code : 'unexpected';
    report.passEnded('failed', { code, status });
    return { end: 'failed', error };
  }
}
