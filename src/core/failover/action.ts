import type { WriteGate } from '../serving.ts';
import type { HistoryRecord, PerInstance, SyncRecord } from './cluster-state.ts';

/**
 * What a turn wants done. The agent carries them out in order and stops at the first that fails; the next turn observes
 * again. Every write to the store is one transaction with the comparisons named here.
 */
export type Action =
  // --- authority ---
  /** Compare `leader`'s create revision; put `beat`. Authority counts from its send. */
  | {
      readonly kind: 'beat';
      readonly leaderRevision: number;
      readonly term: number;
      readonly counter: number;
    }
  /** Authority to zero, workers told, every process of both instances killed and seen dead. */
  | { readonly kind: 'fence'; readonly reason: string }
  /** Compare `leader`'s create revision; put `released/<term>`, delete `leader` and any switchover request. */
  | {
      readonly kind: 'release';
      readonly leaderRevision: number;
      readonly term: number;
      readonly reason: string;
      readonly successor: string | null;
    }
  // --- promotion ---
  /** Compare: no `promotion`, `sync` and `beat` at these revisions (0: absent). Put `promotion`, delete `leader`. */
  | {
      readonly kind: 'take-lock';
      readonly term: number;
      readonly syncRevision: number;
      readonly beatRevision: number;
    }
  /** Compare `promotion`'s create revision; delete it. */
  | { readonly kind: 'drop-lock'; readonly lockRevision: number }
  /** Durably note the planned timelines outside the data directories, and make PostgreSQL skip to them. */
  | { readonly kind: 'plan-timelines'; readonly term: number; readonly timelines: PerInstance<number> }
  /** Compare `promotion`'s create revision (null: of this turn's lock) and `sync`'s revision; put `sync`, `history/<term>`. */
  | {
      readonly kind: 'claim';
      readonly lockRevision: number | null;
      readonly syncRevision: number;
      readonly sync: SyncRecord;
      readonly history: HistoryRecord;
    }
  /** `pg_promote` in both instances, in parallel; done when both are up, on the timelines on local record. */
  | { readonly kind: 'promote' }
  /**
   * Compare `promotion`'s create revision and `sync`'s revision (null: of this turn's lock and claim); put `leader` (leased)
   * and `beat`, delete `promotion`.
   */
  | {
      readonly kind: 'lead';
      readonly lockRevision: number | null;
      readonly syncRevision: number | null;
      readonly term: number;
    }
  // --- synchronous set ---
  /** `synchronous_standby_names` = FIRST n of exactly these, in both instances. */
  | { readonly kind: 'require'; readonly names: readonly string[] }
  /** Compare `leader`'s create revision and `sync`'s revision; put `sync`. */
  | {
      readonly kind: 'write-sync';
      readonly leaderRevision: number;
      readonly syncRevision: number;
      readonly sync: SyncRecord;
    }
  /** Clients are told this at once, without waiting for the next look: what stands before it in the turn has made it true. */
  | { readonly kind: 'serve'; readonly serving: Serving }
  // --- following ---
  /** Point both instances (a follower: *data*) at a node, or through the load balancer. */
  | { readonly kind: 'follow'; readonly target: string }
  /** Empty connection string in both instances. */
  | { readonly kind: 'detach' }
  // --- instances; these run beside the turns as tasks ---
  /** Start what is not running, as a standby of nobody, with the placeholder required (a follower's *audit*: read-write). */
  | { readonly kind: 'start' }
  /** Fast stop of both. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'checkpoint' }
  /** Stops what runs, then rewinds or copies under a marker. */
  | { readonly kind: 'rewind'; readonly source: string }
  | { readonly kind: 'copy'; readonly source: string; readonly keepOld: boolean }
  /** Throw away what was moved aside by a finished copy. */
  | { readonly kind: 'tidy' }
  /** The local copy cannot be trusted: note that it must be copied before it is used again. */
  | { readonly kind: 'mark-for-copy'; readonly reason: string }
  // --- records ---
  | { readonly kind: 'evict'; readonly name: string; readonly term: number; readonly reason: string }
  | { readonly kind: 'readmit'; readonly name: string; readonly revision: number }
  | { readonly kind: 'note-switch'; readonly history: HistoryRecord; readonly revision: number }
  | { readonly kind: 'drop-request'; readonly key: 'switchover' | 'forced'; readonly revision: number }
  /** End the agent: everything is stopped. */
  | { readonly kind: 'exit' };

/** What clients and the load balancer are told this turn. */
export interface Serving {
  readonly role: 'master' | 'standby' | 'follower' | 'starting';
  readonly writes: WriteGate;
  /** `/health/replication`: this node holds the leader key. */
  readonly replicationOpen: boolean;
  /** The name of the node that held writes are passed to. */
  readonly successor: string | null;
}

/** The outcome of one turn. */
export interface Decision<Memory> {
  readonly rule: string;
  /** One sentence: what this turn does and why. */
  readonly because: string;
  readonly actions: readonly Action[];
  readonly serving: Serving;
  readonly memory: Memory;
  /** Milliseconds until the next turn at the latest; events may wake it earlier. */
  readonly wakeInMs: number;
}
