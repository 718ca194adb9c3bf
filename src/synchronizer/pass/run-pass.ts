import type { ConjurClient } from '../../client/client.ts';
import type { Layout } from '../../core/sync/layout.ts';
import type { SyncPlan } from '../../core/sync/plan.ts';
import type { DriftPolicy, RemovalRules } from '../../core/sync/rules.ts';
import type { Authority } from '../authority.ts';
import type { ListedAccount, Source } from '../source.ts';
import type { StateFile } from '../state/state-file.ts';
import { forgetUnverified } from '../state/state.ts';
import { carryOut } from './carry-out.ts';
import { makePlan } from './make-plan.ts';
import { safeReadings } from './safe-readings.ts';
import { emptyTally, type PassOutcome, type Progress } from './outcome.ts';
import { openSecondLook } from './second-look.ts';

export interface PassSettings {
  readonly source: Source;
  /** Reads the target; what writes asks `authority`. */
  readonly client: ConjurClient;
  readonly authority: Authority;
  readonly layout: Layout;
  readonly removal: RemovalRules;
  readonly drift: DriftPolicy;
  readonly stateFile: StateFile;
  readonly fullCheckEveryMs: number;
  /** Units of accounts that are worked on at a time. */
  readonly concurrency: number;
  readonly wallClock: () => number;
}

export interface PassOptions {
  /** This safe alone; null: all. */
  readonly safe: string | null;
  readonly dryRun: boolean;
  /** Look at everything, whatever the hour. */
  readonly full: boolean;
  /** Others may have written since this synchronizer's last pass: look at everything, and believe nothing that was not looked at. */
  readonly takesOver?: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * One pass from source to target. What became of it is remembered, also when it is interrupted or ends with an error: the next pass
 * goes on where this one stood.
 *
 * @throws Problem when nothing more could be done: `interrupted`, `no_authority`, what refuses or cannot be reached as a whole
 */
export async function runPass(settings: PassSettings, options: PassOptions): Promise<PassOutcome> {
  const { source, client, layout, removal, stateFile, wallClock } = settings;
  const { state } = stateFile;
  const begun = performance.now();
  options.onProgress({ phase: 'listing' });
  const first = await source.list(options.safe === null ? null : [options.safe], options.signal);
  const listedAt = performance.now();
  const due =
    state.fullCheckAtMs === null || isDue(state.fullCheckAtMs, settings.fullCheckEveryMs, wallClock());
  const wholeVault = options.safe === null;
  const lookAgain = openSecondLook(source, options.signal);
  const context = { client, layout, state, removal, wholeVault, lookAgain, onProgress: options.onProgress };
  const { plan, listed, full } = await makePlan(
    context,
    first,
    options.full || options.takesOver === true || due,
  );
  const plannedAt = performance.now();
  const tally = emptyTally();
  const times =
    plan.stopped === null
      ? await carriedOut(settings, options, plan, full, tally)
      : { policiesMs: 0, valuesMs: 0 };
  return {
    ...tally,
    mode: full ? 'full' : 'quick',
    dryRun: options.dryRun,
    wholeVault,
    ...safeReadings(layout, listed),
    stopped: plan.stopped,
    accounts: plan.accounts.length + plan.unchanged,
    unchanged: plan.unchanged,
    reports: plan.reports,
    times: {
      listMs: listedAt - begun,
      targetMs: plannedAt - listedAt,
      ...times,
      totalMs: performance.now() - begun,
    },
  };
}

async function carriedOut(
  { client, authority, layout, drift, stateFile, concurrency, wallClock }: PassSettings,
  { dryRun, safe, takesOver = false, signal, onProgress }: PassOptions,
  plan: SyncPlan<ListedAccount>,
  full: boolean,
  tally: ReturnType<typeof emptyTally>,
): Promise<{ readonly policiesMs: number; readonly valuesMs: number }> {
  const { state, digestKey } = stateFile;
  const context = {
    layout,
    authority,
    state,
    tally,
    dryRun,
    reader: client,
    digestKey,
    drift,
    compares: full,
    verified: new Set<string>(),
    signal,
  };
  const checkedBefore = state.fullCheckAtMs;
  // Accounts that fail are tried by each pass anyway: one that always fails must not make each pass a full one.
  if (full && safe === null) state.fullCheckAtMs = wallClock();
  try {
    return await carryOut({ ...context, concurrency, onProgress }, plan);
  } catch (error) {
    state.fullCheckAtMs = checkedBefore;
    throw error;
  } finally {
    if (takesOver) forgetUnverified(state, context.verified);
    if (!dryRun) await stateFile.save();
  }
}

/** A clock that was set back makes a check due, too. */
function isDue(lastMs: number, everyMs: number, nowMs: number): boolean {
  return nowMs - lastMs >= everyMs || nowMs < lastMs;
}
