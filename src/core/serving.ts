import type { ApiSettings } from './api-settings.ts';
import type { Instant } from './clock.ts';

/** What a node is to its clients. `starting` covers everything between two roles: such a node serves nobody. */
export type ServingRole = 'master' | 'standby' | 'follower' | 'starting';

/**
 * How writes are treated. `open`: served. `held`: they wait for a planned hand-over and then go to `successor`.
 * `closed`: answered 503 at once, before PostgreSQL is asked.
 */
export type WriteGate = 'open' | 'held' | 'closed';

/** Where the peer API (mutual TLS) of another node listens. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
  /** What its certificate must say, where that is not `host`: the cluster's public name, behind a load balancer. */
  readonly certificateName?: string;
}

/**
 * What the agent tells its API workers, over and over: what they are, until when they may answer, and what `/health` and
 * `/info` show. A worker that hears nothing for `validForMs` answers as `starting`.
 */
export interface ServingState {
  readonly role: ServingRole;
  /** The cluster term this node acts in; 0 before any. */
  readonly term: number;
  /** A master, also while it hands over, answers nothing after this instant (null: no master; followers have no deadline). */
  readonly authorityUntil: Instant | null;
  readonly writes: WriteGate;
  readonly successor: PeerAddress | null;
  /** Who is to become the successor of a hand-over under way: connections to it are made ahead. */
  readonly heir: PeerAddress | null;
  /** From the beginning of a hand-over on, and for a moment after it: what is held here goes to another node. */
  readonly handsOver: boolean;
  /** Of a follower: the ways to whoever takes its writes, the best first. Empty: none is known. */
  readonly master: readonly PeerAddress[];
  /** The names of the cluster's nodes, as it declares them. */
  readonly members: readonly string[];
  /** Of a follower: what it serves. `asOf`: whatever the master had by then is here (null: nothing is known). */
  readonly data: { readonly asOf: Instant | null; readonly timeline: number | null };
  /** The sentence of the rule that decided this turn: shown by `/health`, `/info` and status. */
  readonly because: string;
  /** Of a follower: how many of its audit records the master lacks (null: not known), and whether their space is used up. */
  readonly audit: {
    readonly queued: number | null;
    readonly isFull: boolean;
    /** Of a master: how many records each target of the forwarding lacks. */
    readonly forwards: Readonly<Record<string, number>>;
  };
  /** Status and body of `/health`. */
  readonly health: { readonly ok: boolean; readonly body: Readonly<Record<string, unknown>> };
  /** Whether `/health/replication` answers 200: the node holds the leader key. */
  readonly replicationOpen: boolean;
  readonly sentAt: Instant;
  readonly validForMs: number;
}

/** What a worker is started with: its first IPC message. No secret is in it, only the names of files. */
export interface WorkerSettings {
  readonly account: string;
  readonly nodeName: string;
  readonly api: { readonly host: string; readonly port: number };
  /** The same API for other nodes: mutual TLS required. */
  readonly peer: { readonly host: string; readonly port: number };
  /** Its number among those that listen on the same ports; null: it is the only one. */
  readonly worker: number | null;
  readonly tls: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
  readonly dataKeyFile: string;
  readonly apiSettings: ApiSettings;
  /** Unix-socket directory and ports of the two local PostgreSQL instances. */
  readonly postgres: { readonly socketDir: string; readonly dataPort: number; readonly auditPort: number };
  readonly logLevel: string;
}

/** Agent to worker, over the IPC channel of the child process. */
export type WorkerCommand =
  | { readonly kind: 'settings'; readonly settings: WorkerSettings }
  | { readonly kind: 'state'; readonly state: ServingState };

/** Worker to agent. */
export type WorkerEvent =
  | { readonly kind: 'listening' }
  /** Echo of a state that the worker obeys from now on, by its `sentAt.mono`; with the number of writes under way. */
  | { readonly kind: 'obeys'; readonly sentAtMono: number; readonly writesUnderWay: number };
