/**
 * What a drill has seen: operations of its clients, looks at the nodes, and the faults. All times are milliseconds on one
 * monotonic clock of one process, 0 where the drill began: only so can "before" and "after" be told.
 */

/** How a client went: through the load balancer to the master, through it to the followers, or straight to one node. */
export type Way =
  | { readonly kind: 'balancer' }
  | { readonly kind: 'followers' }
  | { readonly kind: 'node'; readonly node: string };

/**
 * What came of an operation. `ok`: acknowledged. `failed`: certainly not done, since nothing took it or the answer says so.
 * `indeterminate`: cut, late, or an answer that leaves it open: a write may stand, or come to stand later.
 */
export type Outcome = 'ok' | 'failed' | 'indeterminate';

/** One request of one client. */
export interface Operation {
  readonly client: number;
  readonly action: 'write' | 'read';
  readonly way: Way;
  /** The variable. */
  readonly key: string;
  /**
   * Each key has one writer, which writes 1, 2, 3 …, each number once whatever came of the one before, and sends each
   * request once. All writes of a key are in one history: no other round uses it. Of a read: what it found (-1: a value that
   * is no number); null when the variable had no value, or the read did not succeed.
   */
  readonly version: number | null;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
  /** Null after a success: a status and its code, or how the connection ended. */
  readonly because: string | null;
}

/** What a node says of itself (`/health`), or that it says nothing. */
export interface Sighting {
  readonly node: string;
  readonly askedAt: number;
  readonly answeredAt: number;
  /** Null: no answer within the probe's time. */
  readonly says: {
    readonly role: 'master' | 'standby' | 'follower' | 'starting';
    /** Clients may be sent there. */
    readonly ok: boolean;
    /** Of the cluster, as the node knows it; null when it does not say. */
    readonly term: number | null;
  } | null;
}

/** One fault, from its making to its end. */
export interface FaultSpan {
  readonly fault: string;
  /** What it struck: names of nodes, the master of that moment first where it is one of them. */
  readonly targets: readonly string[];
  /** The master when it began. */
  readonly master: string;
  /** The fault is none for which another should become master: that one does is a violation. */
  readonly keepsMaster: boolean;
  readonly beganAt: number;
  /** When the drill saw that it was in effect (a process gone, a packet dropped …); null: never, so nothing was tried. */
  readonly inEffectAt: number | null;
  /** When what it did was undone, or nothing was left to undo. */
  readonly endedAt: number;
}

/** Whether the cluster could lose its master again. */
export interface Redundancy {
  readonly at: number;
  readonly whole: boolean;
}

/**
 * The values after everything has healed and every client has ended, as the master tells them: the newest version of each
 * key, null for none. A key that could not be read is missing.
 */
export type FinalState = ReadonlyMap<string, number | null>;

/**
 * What an operator accepted to lose by a forced failover: all that stands in the log after a position, brought to the drill's
 * clock by looking at how far the log of the old master went at which moment.
 */
export interface AcceptedLoss {
  /** At this moment the log did not go beyond the position: what was acknowledged by then must be kept. */
  readonly keptBefore: number;
  /** At this moment it went beyond: what began later must be lost. */
  readonly lostAfter: number;
  /** When the failover was ordered: what began later belongs to the new master. */
  readonly orderedAt: number;
}

/** One round of one fault. */
export interface History {
  readonly span: FaultSpan;
  /** Null: nothing may be lost. */
  readonly acceptedLoss: AcceptedLoss | null;
  readonly operations: readonly Operation[];
  readonly sightings: readonly Sighting[];
  readonly redundancy: readonly Redundancy[];
  readonly final: FinalState;
  /** All versions that are kept, read in the end: of each key the values of its last twenty versions, oldest first. */
  readonly kept: ReadonlyMap<string, readonly number[]>;
}
