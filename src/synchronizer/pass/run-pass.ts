import type { ConjurClient } from '../../client/client.ts';
import { Problem } from '../../core/problem.ts';
import type { Layout } from '../../core/sync/layout.ts';
import type { SyncPlan } from '../../core/sync/plan.ts';
import type { DriftPolicy, RemovalRules } from '../../core/sync/rules.ts';
import type { Authority } from '../authority.ts';
import type { ListedAccount, ListedLob, Source } from '../source/source.ts';
import { driftReports } from '../state/drift-reports.ts';
import type { StateFile } from '../state/state-file.ts';
import { forgetUnverified } from '../state/state.ts';
import { carryOut } from './carry-out.ts';
import { type CheckScope, checkScope, readBranches } from './check-scope.ts';
import { checkpoints } from './checkpoint.ts';
import { judgeFailures } from './ends-pass.ts';
import { makePlan, type Planned } from './make-plan.ts';
import { emptyTally, type PassOutcome, type Progress, type Tally } from './outcome.ts';
import { safeReadings } from './safe-readings.ts';
import { openSecondLook } from './second-look.ts';
import { openWriteAhead } from './write-ahead.ts';

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
  /** How long what was done may stay unsaved; 30 s unless told otherwise. */
  readonly saveEveryMs?: number;
}

export interface PassOptions {
  /** This safe alone; null: all. */
  readonly safe: string | null;
  readonly dryRun: boolean;
  /** Look at everything, whatever the hour. */
  readonly full: boolean;
  /** Others may have written since this synchronizer's last pass: look at everything, and believe nothing that was not looked at. */
  readonly takesOver?: boolean;
  /** How many variables this pass may remove, whatever the rules say; they do not count against those of later passes. */
  readonly acceptedRemovals?: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Hears what a pass had done that ends with an error, before the error is thrown. */
  readonly onUnfinished?: (outcome: PassOutcome) => void;
}

const usualSaveEveryMs = 30_000;

/**
 * One pass from source to target. What became of it is remembered, also when it is interrupted or ends with an error: the next pass
 * goes on where this one stood.
 *
 * @throws Problem when nothing more could be done: `interrupted`, `no_authority`, what refuses or cannot be reached as a whole;
 * `source_missing` when no line of business has the safe that was asked for
 */
export async function runPass(settings: PassSettings, options: PassOptions): Promise<PassOutcome> {
  const { source, layout, stateFile, fullCheckEveryMs } = settings;
  const begun = performance.now();
  const nowMs = settings.wallClock();
  options.onProgress({ phase: 'listing' });
  const first = await source.list(options.safe === null ? null : [options.safe], options.signal);
  if (options.safe !== null) requireSafe(options.safe, first);
  const listedAt = performance.now();
  const all = options.full || options.takesOver === true;
  const scope = checkScope(layout, stateFile.state, first, { all, everyMs: fullCheckEveryMs, nowMs });
  const { plan, listed } = await planned(settings, options, scope, first, nowMs);
  const plannedAt = performance.now();
  const tally = emptyTally();
  const readings = safeReadings(layout, listed);
  const outcome = (carried: { readonly policiesMs: number; readonly valuesMs: number }): PassOutcome => ({
    ...tally,
    mode: scope.isWhole ? 'full' : 'quick',
    dryRun: options.dryRun,
    wholeVault: options.safe === null,
    ...readings,
    stopped: plan.stopped,
    accounts: plan.accounts.length + plan.unchanged,
    unchanged: plan.unchanged,
    reports: [...plan.reports, ...tally.reports, ...driftReports(layout, stateFile.state, readings.safes)],
    times: {
      listMs: listedAt - begun,
      targetMs: plannedAt - listedAt,
      ...carried,
      totalMs: performance.now() - begun,
    },
  });
  const nothing = { policiesMs: 0, valuesMs: 0 };
  if (plan.stopped !== null) return outcome(nothing);
  try {
    const stillRead = readBranches(layout, listed);
    return outcome(await carriedOut(settings, options, { plan, scope, stillRead, tally, nowMs }));
  } catch (error) {
    options.onUnfinished?.(outcome(nothing));
    throw error;
  }
}

function planned(
  { source, client, layout, stateFile, removal, drift }: PassSettings,
  { safe, acceptedRemovals, signal, onProgress }: PassOptions,
  scope: CheckScope,
  listed: readonly ListedLob[],
  nowMs: number,
): Promise<Planned> {
  const { state } = stateFile;
  const lookAgain = openSecondLook(source, signal);
  const context = { client, layout, state, removal, drift, scope, nowMs, lookAgain, onProgress };
  return makePlan(
    { ...context, acceptedRemovals: acceptedRemovals ?? null, wholeVault: safe === null },
    listed,
  );
}

interface PassWork {
  readonly plan: SyncPlan<ListedAccount>;
  readonly scope: CheckScope;
  /** Branches of the safes that could be read until the plan was made. */
  readonly stillRead: ReadonlySet<string>;
  readonly tally: Tally;
  readonly nowMs: number;
}

async function carriedOut(
  { client, authority, layout, drift, stateFile, concurrency, wallClock, saveEveryMs }: PassSettings,
  { dryRun, takesOver = false, signal, onProgress, acceptedRemovals }: PassOptions,
  { plan, scope, stillRead, tally, nowMs }: PassWork,
): Promise<{ readonly policiesMs: number; readonly valuesMs: number }> {
  const { state, digestKey } = stateFile;
  const save = checkpoints(stateFile, saveEveryMs ?? usualSaveEveryMs);
  const checkpoint = dryRun ? async () => undefined : save;
  const looked = new Set([...state.doubtful].filter((branch) => scope.read.has(branch)));
  const ahead = openWriteAhead(state, plan, looked);
  // What this pass does not look at was perhaps changed by others: its check is due as soon as it can be read.
  if (takesOver) state.checks.clear();
  if (ahead.isNeeded) await checkpoint('now');
  const context = {
    layout,
    authority,
    reader: client,
    state,
    digestKey,
    drift,
    compares: scope.compares,
    takesOver,
    verified: new Set<string>(),
    nowMs,
    dryRun,
    signal,
    tally,
    judge: judgeFailures(),
    doubt: ahead.doubt,
    held: new Map<string, 'foreign' | 'waits'>(),
    failedAccounts: new Set<string>(),
    shaken: new Set<string>(),
    countsRemovals: acceptedRemovals === undefined,
    checkpoint,
    ahead,
  };
  try {
    const times = await carryOut(context, { concurrency, onProgress }, plan);
    for (const branch of scope.branches) if (stillRead.has(branch)) state.checks.set(branch, wallClock());
    return times;
  } finally {
    ahead.end();
    if (takesOver) forgetUnverified(state, context.verified);
    await checkpoint('now');
  }
}

/** A line of business that was not read says nothing about whether it has the safe. */
function requireSafe(safe: string, listed: readonly ListedLob[]): void {
  const mayBe = listed.some(({ safes }) => !safes.ok || safes.value.some(({ name }) => name === safe));
  if (mayBe) return;
  throw new Problem(
    'source_missing',
    `--safe: no line of business lists a safe "${safe}"; say its name as the source has it.`,
  );
}
