import type { Instant } from '../clock.ts';
import type { ClusterState, LineageStep, NodeKind, PerInstance } from './cluster-state.ts';

/** A standby connected to this instance, by its node name. */
export interface ReplicaView {
  readonly name: string;
  readonly streaming: boolean;
  readonly flushLsn: bigint | null;
  /** PostgreSQL counts it among the synchronous ones. */
  readonly synchronous: boolean;
}

/** One local PostgreSQL instance, as seen this turn. */
export interface InstanceView {
  /** `absent`: no data directory. `unresponsive`: a live postmaster that did not answer in time. */
  readonly state: 'absent' | 'stopped' | 'starting' | 'running' | 'unresponsive';
  /** How many of its last starts in a row ended by themselves within seconds. */
  readonly earlyEnds: number;
  readonly inRecovery: boolean;
  readonly timeline: number | null;
  /** The end of the log here, received or replayed or written, in bytes; null when it cannot be known. */
  readonly lsn: bigint | null;
  /** The node that the connection string points at; null: none. */
  readonly primary: string | null;
  /** A WAL receiver process exists (whatever the connection string says by now). */
  readonly receiving: boolean;
  /** The WAL receiver streams. */
  readonly streaming: boolean;
  /** `synchronous_standby_names` in effect. */
  readonly requiredNames: readonly string[];
  readonly replicas: readonly ReplicaView[];
  /** Own ancestry, oldest first, the current timeline last; empty when unknown. */
  readonly lineage: readonly LineageStep[];
}

/** A long piece of work that runs beside the turns. */
export interface TaskView {
  readonly kind: 'start' | 'rewind' | 'copy' | 'checkpoint' | 'stop';
  readonly state: 'running' | 'done' | 'failed';
  readonly detail: string;
}

/** What this node keeps outside its data directories, durably. */
export interface LocalRecord {
  /** The highest term that this node claimed; 0 for none. */
  readonly claimedTerm: number;
  /** The timelines planned for that term. */
  readonly planned: PerInstance<number> | null;
}

/** Everything `decide` may know, gathered once per turn. */
export interface View {
  readonly now: Instant;
  readonly self: {
    readonly name: string;
    readonly kind: NodeKind;
    readonly bootId: string;
    readonly hostId: string;
  };
  /** Null when the store did not answer this turn. */
  readonly cluster: ClusterState | null;
  readonly instances: PerInstance<InstanceView>;
  /** Processes of an instance that outlived their postmaster, or that a kill could not end. */
  readonly strays: boolean;
  readonly record: LocalRecord;
  /** A rewind or copy was begun and not finished: what is there must be copied anew. */
  readonly marker: boolean;
  /** A finished copy that was not seen streaming yet; what it replaced still waits beside it. */
  readonly unproven: boolean;
  readonly task: TaskView | null;
  /** Whether the guardian still answers. */
  readonly guardian: 'watching' | 'gone';
  /** Until when the last successful beat, acknowledged by the guardian, gives authority. */
  readonly authorityUntil: Instant | null;
  readonly lastBeatSentAt: Instant | null;
  /** API workers that obey the last state sent, and the writes still under way in them. */
  readonly workers: { readonly obeying: boolean; readonly writesUnderWay: number };
  /** Why this node should not be master, seen from inside (disk nearly full, certificate about to end …). */
  readonly ailment: string | null;
  /** The node was asked to end (SIGTERM). */
  readonly stopRequested: boolean;
}
