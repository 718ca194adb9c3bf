import type { Instant } from '../clock.ts';
import type { PerInstance, SyncRecord } from './cluster-state.ts';

/** Stands for the revision of a lock that was taken in the last turn and has not been seen yet. */
export const unseenLock = 0;

/** The promotion that this node runs, from winning the lock to leading. */
export interface PromotionMemory {
  readonly term: number;
  readonly lockRevision: number;
  /** `sync`'s revision as compared at the takeover; after the claim, the one that the claim made. */
  readonly syncRevision: number;
  readonly since: Instant;
  /** Since when this node is detached; null while it is not. */
  readonly detachedSince: Instant | null;
  /** Whether the rest of the log is being, or was, fetched from a detached standby that has more. */
  readonly gather: 'waiting' | 'streaming' | 'done';
  readonly gatherSince: Instant | null;
  readonly claimedSince: Instant | null;
}

/** A change of the synchronous set under way: everybody is required already, the newcomers still catch up. */
export interface SyncChange {
  readonly to: SyncRecord;
  /** The end of the log when the names were seen in effect: the newcomers must have flushed this much. */
  readonly lsn: PerInstance<bigint>;
}

export interface Leading {
  readonly term: number;
  readonly createRevision: number;
  /** A standby was confirmed in this term (or none is needed, or nobody else can take over): clients were let in. */
  readonly confirmed: boolean;
  readonly since: Instant;
  /** Authority was held at least once. */
  readonly hadAuthority: boolean;
  readonly beatCounter: number;
  /** Since when no confirmed standby is connected. */
  readonly lonelySince: Instant | null;
  readonly unresponsiveSince: Instant | null;
  readonly change: SyncChange | null;
  /** A compare-and-swap of `sync` against this revision was sent; until `sync` has moved on, it may still be applied. */
  readonly syncWriteAt: number | null;
}

/** A planned end of this master. */
export interface HandOver {
  readonly why: 'switchover' | 'shutdown' | 'ailment';
  readonly to: string | null;
  readonly reason: string;
  readonly since: Instant;
  readonly stage: 'checkpoint' | 'hold' | 'stop';
  readonly stageSince: Instant;
}

/** An authority that is being given up: fence first, then say so. */
export interface GivingUp {
  readonly reason: string;
  readonly successor: string | null;
  readonly leaderRevision: number | null;
  readonly term: number;
  readonly since: Instant;
}

/** What a node carries from turn to turn. It dies with the agent: nothing durable, nothing that safety needs after a restart. */
export interface Memory {
  /** The beat's revision (0: no beat) and since when it is the same. */
  readonly beatSeen: { readonly revision: number; readonly since: Instant } | null;
  /** Since when the store has not answered this node. */
  readonly storeSilentSince: Instant | null;
  readonly leading: Leading | null;
  readonly handOver: HandOver | null;
  readonly givingUp: GivingUp | null;
  readonly promotion: PromotionMemory | null;
  /** Who took over from this node, for held requests to be passed to. */
  readonly passTo: { readonly term: number; readonly since: Instant } | null;
  /** When this node, fenced and replaced, stopped being master. */
  readonly steppedDown: Instant | null;
  /** Since when an instance is starting and does not let anybody in. */
  readonly startingSince: Instant | null;
  /** When a start that will hardly help was put off; null: it was not. */
  readonly triedAt: Instant | null;
  /** The leader's term in which a copy was made because starts were in vain. */
  readonly copiedFor: number | null;
  /** How often in a row an instance was started again because it answered nothing. */
  readonly hangs: number;
  /** Since when an instance of a node that does not lead has not answered. */
  readonly hangingSince: Instant | null;
  /** Since when this node wants to stream from `target` and does not. */
  readonly notStreaming: { readonly target: string; readonly since: Instant } | null;
  /** The leader's term for which a rewind was done or tried already. */
  readonly rewoundFor: number | null;
  /** Since when this node, which may hold the last copy of every write, has a log that parted from that term's leader. */
  readonly partedSince: { readonly term: number; readonly since: Instant } | null;
  readonly releasedSeen: { readonly term: number; readonly since: Instant } | null;
  /** The promotion lock was given back: not tried again before this. */
  readonly holdOffUntil: Instant | null;
}

export const emptyMemory: Memory = {
  beatSeen: null,
  storeSilentSince: null,
  leading: null,
  handOver: null,
  givingUp: null,
  promotion: null,
  passTo: null,
  steppedDown: null,
  startingSince: null,
  triedAt: null,
  copiedFor: null,
  hangs: 0,
  hangingSince: null,
  notStreaming: null,
  rewoundFor: null,
  partedSince: null,
  releasedSeen: null,
  holdOffUntil: null,
};
