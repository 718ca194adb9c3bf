import { type Layout, lobBranch, placeOf } from '../../core/sync/layout.ts';
import type { Report } from '../../core/sync/plan.ts';
import type { PassOutcome, SyncFailure } from '../pass/outcome.ts';
import { addReports, keepReports } from './keep-reports.ts';
import { settledBy } from './settled-by.ts';

/** What became of the last pass, and of each safe when it was last looked at; for people and monitoring, without values. */
export interface SyncStatus {
  readonly endedAt: string;
  /** When a pass went through last; null: none did yet. */
  readonly succeededAt: string | null;
  /** Why the pass ended early; null: it went through. */
  readonly error: string | null;
  readonly mode: PassOutcome['mode'] | null;
  readonly stopped: PassOutcome['stopped'];
  readonly counts: Readonly<Record<string, number>>;
  readonly seconds: Readonly<Record<string, number>>;
  readonly safes: readonly SafeStatus[];
  readonly reports: readonly Report[];
  /** Accounts that are not fine, and safes as a whole. */
  readonly failures: readonly AccountFault[];
  /** Failures that there was no room for; each safe counts all of its own. */
  readonly unlisted: number;
}

export interface SafeStatus {
  readonly branch: string;
  readonly lob: string;
  readonly safe: string;
  /** When a pass looked at it last. */
  readonly at: string;
  /** That the source lists; null: it could not be read. */
  readonly accounts: number | null;
  readonly fault: string | null;
  /** What the last pass that looked at it did there, by verb; verbs that count nothing are left out. */
  readonly changed: Readonly<Record<string, number>>;
  readonly failed: number;
}

/** Why an account (or, without one, a safe) is not as it should be, and since when that is so. */
export interface AccountFault extends SyncFailure {
  readonly since: string;
}

const mostFailures = 10_000;
const faultLimit = 400;

const verbs = ['created', 'written', 'mended', 'drifted', 'enabled', 'disabled', 'removed'] as const;

/** @param before what was known of safes and accounts that this pass did not look at, and since when faults stand */
export function statusOf(
  layout: Layout,
  outcome: PassOutcome,
  before: SyncStatus | null,
  endedAt: string,
): SyncStatus {
  const { stopped } = outcome;
  const isSettled = stopped === null ? settledBy(layout, outcome) : () => false;
  const failures = failuresOf(outcome.failures, isSettled, before, endedAt);
  return {
    endedAt,
    succeededAt: stopped === null ? endedAt : (before?.succeededAt ?? null),
    error: null,
    mode: outcome.mode,
    stopped,
    ...countsOf(outcome),
    safes: safesOf(layout, outcome, before, endedAt),
    reports: keepReports(layout, outcome, before?.reports ?? []),
    failures: failures.slice(0, mostFailures),
    unlisted: Math.max(0, failures.length - mostFailures),
  };
}

function countsOf(outcome: PassOutcome): Pick<SyncStatus, 'counts' | 'seconds'> {
  const { accounts, unchanged, times, reports } = outcome;
  return {
    counts: {
      accounts,
      unchanged,
      ...Object.fromEntries(verbs.map((verb) => [verb, outcome[verb].length])),
      failed: outcome.failures.length,
      reported: reports.length,
    },
    seconds: Object.fromEntries(
      Object.entries(times).map(([name, ms]) => [name.replace(/Ms$/u, ''), Math.round(Number(ms)) / 1000]),
    ),
  };
}

/**
 * A pass that ended early says nothing new of safes, and of accounts only what failed or needs attention.
 *
 * @param done what it had done by then; null: it had not begun
 */
export function statusOfError(
  error: string,
  done: PassOutcome | null,
  before: SyncStatus | null,
  endedAt: string,
): SyncStatus {
  const failures = failuresOf(done?.failures ?? [], () => false, before, endedAt);
  const { counts, seconds } = done === null ? { counts: {}, seconds: {} } : countsOf(done);
  return {
    endedAt,
    succeededAt: before?.succeededAt ?? null,
    error,
    mode: done?.mode ?? null,
    stopped: null,
    counts,
    seconds,
    safes: before?.safes ?? [],
    reports: addReports(done?.reports ?? [], before?.reports ?? []),
    failures: failures.slice(0, mostFailures),
    // Some may be the same ones: passes that end early one after the other must not add them up.
    unlisted: Math.max(before?.unlisted ?? 0, failures.length - mostFailures),
  };
}

function failuresOf(
  failures: readonly SyncFailure[],
  isSettled: (branch: string) => boolean,
  before: SyncStatus | null,
  at: string,
): readonly AccountFault[] {
  const known = new Map(before?.failures.map((each) => [placeName(each), each.since]));
  const now = failures.map(({ branch, account, fault }) => ({
    branch,
    account,
    fault: fault.slice(0, faultLimit),
    since: known.get(placeName({ branch, account })) ?? at,
  }));
  const left = before?.failures.filter(({ branch }) => !isSettled(branch)) ?? [];
  const named = new Set(now.map(placeName));
  return [...now, ...left.filter((each) => !named.has(placeName(each)))];
}

function placeName({ branch, account }: Pick<SyncFailure, 'branch' | 'account'>): string {
  return account === null ? branch : `${branch}\n${account}`;
}

function safesOf(
  layout: Layout,
  outcome: PassOutcome,
  before: SyncStatus | null,
  at: string,
): readonly SafeStatus[] {
  const changed = changesBySafe(layout, outcome);
  const failed = Map.groupBy(outcome.failures, ({ branch }) => branch);
  const now = outcome.safes.map(
    ({ branch, lob, safe, accounts, fault }): SafeStatus => ({
      branch,
      lob,
      safe,
      at,
      accounts,
      fault: fault?.slice(0, faultLimit) ?? null,
      changed: Object.fromEntries(changed.get(branch) ?? []),
      failed: failed.get(branch)?.length ?? 0,
    }),
  );
  const listed = new Set(now.map(({ branch }) => branch));
  return [...now, ...leftOver(layout, outcome, before, listed)].toSorted((a, b) =>
    a.branch < b.branch ? -1 : 1,
  );
}

/** Safes of which this pass says nothing: it was about another one, or their line of business could not be read. */
function leftOver(
  layout: Layout,
  { wholeVault, lobFaults }: PassOutcome,
  before: SyncStatus | null,
  listed: ReadonlySet<string>,
): readonly SafeStatus[] {
  const faults = new Map(lobFaults.map(({ lob, fault }) => [lobBranch(layout, lob), fault]));
  return (before?.safes ?? []).flatMap((known) => {
    if (listed.has(known.branch)) return [];
    const fault = faults.get(lobBranch(layout, known.lob));
    if (fault !== undefined) return [{ ...known, fault: fault.slice(0, faultLimit) }];
    return wholeVault ? [] : [known];
  });
}

function changesBySafe(
  layout: Layout,
  outcome: PassOutcome,
): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const bySafe = new Map<string, Map<string, number>>();
  for (const verb of verbs) {
    for (const identifier of outcome[verb]) {
      const branch = placeOf(layout, identifier)?.branch ?? '';
      const counts = bySafe.get(branch) ?? new Map<string, number>();
      counts.set(verb, (counts.get(verb) ?? 0) + 1);
      bySafe.set(branch, counts);
    }
  }
  return bySafe;
}
