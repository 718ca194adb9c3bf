/**
 * What the checker says of one round. Times in milliseconds after the fault began (what was before has a minus); null: not
 * seen. Without effect nothing was tried, and no times are told.
 */
export interface Verdict {
  readonly fault: string;
  readonly round: number;
  readonly targets: readonly string[];
  readonly tookEffect: boolean;
  /** `no effect` is no pass: nothing was tried. What is broken without any fault is `failed` all the same. */
  readonly result: 'passed' | 'failed' | 'no effect';
  /** The first sighting or answer that shows that the old master serves nobody, or that somebody else leads. */
  readonly detectionMs: number | null;
  /** Another node says that it is the master. Null where the master stayed. */
  readonly promotionMs: number | null;
  /** End of the first acknowledged write that began once the fault was in effect: straight to a node, and through the balancer. */
  readonly firstWriteDirectMs: number | null;
  readonly firstWriteBalancerMs: number | null;
  /** The longest time without an acknowledgement through the balancer, from the fault's beginning on. */
  readonly longestPauseMs: number | null;
  /** From the fault's end until the cluster could lose its master again, and could so from then on. */
  readonly redundancyMs: number | null;
  readonly writes: { readonly ok: number; readonly indeterminate: number; readonly failed: number };
  readonly reads: { readonly ok: number; readonly indeterminate: number; readonly failed: number };
  /** Acknowledged writes that are gone because an operator accepted it; absent where nothing was accepted. */
  readonly acceptedLoss?: number;
  readonly violations: readonly Violation[];
  /** Two nodes that call themselves master at once, while only one of them acknowledges: no violation, but worth knowing. */
  readonly twoClaims: readonly Moment[];
}

export interface Moment {
  readonly from: number;
  readonly to: number;
  readonly nodes: readonly string[];
}

/** What must never be, each with the operations that show it, in words for people. */
export interface Violation {
  readonly kind:
    | 'lost write'
    | 'unexpected value'
    | 'duplicate value'
    | 'versions out of order'
    | 'two writers'
    | 'stale read on a master'
    | 'read that goes back'
    | 'needless failover'
    | 'did not heal';
  readonly at: number;
  readonly key: string | null;
  readonly sentence: string;
}

/** What a drill leaves behind: `report.json`, and the page made of it. */
export interface DrillReport {
  readonly format: 1;
  readonly product: string;
  /** ISO 8601, for people. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly seed: number;
  /** Megabytes that were stored before the first round. Absent: none. */
  readonly fillMb?: number;
  readonly cluster: {
    readonly nodes: readonly { readonly name: string; readonly kind: string }[];
    readonly ttlMs: number;
    readonly machine: string;
  };
  readonly rounds: readonly RoundReport[];
  /** Faults that this machine cannot make, with why. */
  readonly skipped: readonly { readonly fault: string; readonly because: string }[];
}

export interface RoundReport {
  readonly verdict: Verdict;
  /**
   * What the page draws: of each node its states one after the other, and of the clients how many writes came through. In
   * milliseconds after the fault began, as in the verdict.
   */
  readonly timeline: {
    readonly from: number;
    readonly to: number;
    readonly fault: {
      readonly beganAt: number;
      readonly inEffectAt: number | null;
      readonly endedAt: number;
    };
    readonly nodes: readonly {
      readonly name: string;
      readonly states: readonly {
        readonly from: number;
        readonly to: number;
        readonly state: 'master' | 'standby' | 'follower' | 'starting' | 'silent';
        readonly term: number | null;
      }[];
    }[];
    /** Acknowledged and other writes through the balancer, by their end, in steps of `stepMs` from `from` on. */
    readonly stepMs: number;
    readonly acknowledged: readonly number[];
    readonly refused: readonly number[];
  };
}
