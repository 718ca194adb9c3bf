import type { ConjurClient } from '../../client/client.ts';
import type { Layout } from '../../core/sync/layout.ts';
import type { DriftPolicy } from '../../core/sync/rules.ts';
import type { Authority } from '../authority.ts';
import type { SyncState } from '../state/state.ts';
import type { FailureJudge } from './ends-pass.ts';
import type { Tally } from './outcome.ts';
import type { WriteAhead } from './write-ahead.ts';

/** What all parts of carrying out a plan share. */
export interface CarryContext {
  readonly layout: Layout;
  /** Reads the target; what writes asks `authority`. */
  readonly reader: ConjurClient;
  readonly authority: Authority;
  readonly state: SyncState;
  readonly digestKey: Buffer;
  readonly drift: DriftPolicy;
  /** Whether the values of an account in the target are looked at, too. */
  readonly compares: (key: string, branch: string) => boolean;
  /** Others may have written since this synchronizer's last pass. */
  readonly takesOver: boolean;
  /** Keys of the accounts whose values are as the source has them. */
  readonly verified: Set<string>;
  /** When the pass began, Unix time in milliseconds. */
  readonly nowMs: number;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly tally: Tally;
  readonly judge: FailureJudge;
  /** What the plan names and is not to be written in this pass after all. */
  readonly held: Held;
  /** The next pass looks at the safe of this branch. */
  readonly doubt: (branch: string) => void;
  /** Keys of accounts that are not as they should be: nothing is taken away of what they had before. */
  readonly failedAccounts: Set<string>;
  /** Branches of safes of which the source did not answer as it should: nothing is taken away of them. */
  readonly shaken: Set<string>;
  /** Removals are counted against those of the next 24 hours, unless somebody accepted them. */
  readonly countsRemovals: boolean;
  /** Keeps what was done so far, from time to time. */
  readonly checkpoint: (now?: 'now') => Promise<void>;
  /** What is on the disk about what is under way. */
  readonly ahead: WriteAhead;
}

/** Variables by identifier: `foreign` ones are none of ours, others wait for what failed. */
export type Held = Map<string, 'foreign' | 'waits'>;
