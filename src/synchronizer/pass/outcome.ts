import type { Report, Stop } from '../../core/sync/plan.ts';

/** Why one account (or, without one, a whole safe) is not as it should be. */
export interface SyncFailure {
  readonly branch: string;
  readonly account: string | null;
  readonly fault: string;
}

/** What the source's list said of one safe. */
export interface SafeReading {
  readonly branch: string;
  readonly lob: string;
  readonly safe: string;
  /** null: it could not be read. */
  readonly accounts: number | null;
  readonly fault: string | null;
}

/** What a pass did, or with `dryRun` would do. */
export interface PassOutcome {
  readonly mode: 'full' | 'quick';
  readonly dryRun: boolean;
  /** It was not about one safe alone. */
  readonly wholeVault: boolean;
  readonly safes: readonly SafeReading[];
  /** Lines of business whose safes could not be listed. */
  readonly lobFaults: readonly { readonly lob: string; readonly fault: string }[];
  /** Removals were more than the pass may do, so nothing was done. */
  readonly stopped: Stop | null;
  readonly accounts: number;
  readonly unchanged: number;
  readonly created: readonly string[];
  /** Identifiers of values that were written because the source has others. */
  readonly written: readonly string[];
  readonly mended: readonly string[];
  readonly drifted: readonly string[];
  readonly enabled: readonly string[];
  readonly disabled: readonly string[];
  readonly removed: readonly string[];
  readonly reports: readonly Report[];
  readonly failures: readonly SyncFailure[];
  readonly times: PassTimes;
}

/** Milliseconds; policies and values go on at the same time. */
export interface PassTimes {
  readonly listMs: number;
  readonly targetMs: number;
  readonly policiesMs: number;
  readonly valuesMs: number;
  readonly totalMs: number;
}

export type Progress =
  | { readonly phase: 'listing' }
  | { readonly phase: 'target'; readonly variables: number }
  | { readonly phase: 'values'; readonly done: number; readonly total: number };

/** The lists of an outcome while they grow. */
export interface Tally {
  readonly created: string[];
  readonly written: string[];
  readonly mended: string[];
  readonly drifted: string[];
  readonly enabled: string[];
  readonly disabled: string[];
  readonly removed: string[];
  readonly failures: SyncFailure[];
  /** What came to light while the plan was carried out. */
  readonly reports: Report[];
}

export function emptyTally(): Tally {
  return {
    created: [],
    written: [],
    mended: [],
    drifted: [],
    enabled: [],
    disabled: [],
    removed: [],
    failures: [],
    reports: [],
  };
}
