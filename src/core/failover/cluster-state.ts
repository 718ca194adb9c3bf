/**
 * What the cluster agreed on, as it stands in the coordination store under `/holdfast/<cluster>/`. Plain values with the
 * store's revisions beside them, since every change is a compare-and-swap on one of those.
 */

/** What a node was declared as. Only a `standby` is ever promoted without an operator. */
export type NodeKind = 'standby' | 'asynchronous' | 'follower';

/** Where a node's listeners are. Ports are TCP ports on `host`. */
export interface NodeAddresses {
  readonly host: string;
  readonly api: number;
  readonly peer: number;
  readonly data: number;
  readonly audit: number;
  readonly agent: number;
  readonly etcdClient: number | null;
  readonly etcdPeer: number | null;
}

export interface DeclaredMember {
  readonly name: string;
  readonly kind: NodeKind;
  readonly addresses: NodeAddresses;
}

/** Where clients, followers and asynchronous standbys reach whoever is master. */
export interface LoadBalancerAddress {
  readonly host: string;
  readonly api: number;
  readonly data: number;
  readonly audit: number;
  /** The API of the master for other nodes (mutual TLS). Absent: followers reach the master itself. */
  readonly peer?: number;
}

/** `config`: what operators decide. */
export interface ClusterConfig {
  /** How long the cluster waits for a silent master, and how long a beat gives authority (less a margin). */
  readonly ttlMs: number;
  /** A master renews at least this often; at most a sixth of the ttl. */
  readonly beatMs: number;
  /** How many standbys must confirm each write. */
  readonly syncCount: number;
  /** With no standby left: true refuses writes, false lets the master go on alone. */
  readonly strict: boolean;
  /** Whether a failed master turns itself into a standby again. */
  readonly autoRejoin: boolean;
  readonly account: string;
  readonly publicName: string;
  readonly loadBalancer: LoadBalancerAddress | null;
  readonly members: readonly DeclaredMember[];
}

/** The two PostgreSQL instances of a node. */
export type InstanceName = 'data' | 'audit';
export const instanceNames: readonly InstanceName[] = ['data', 'audit'];

/** One value per instance. */
export interface PerInstance<T> {
  readonly data: T;
  readonly audit: T;
}

/** One step of a timeline's ancestry: `timeline` ended at `endLsn` (bytes; null for the one still written). */
export interface LineageStep {
  readonly timeline: number;
  readonly endLsn: bigint | null;
}

/** `leader`: the dead-man's switch, leased. */
export interface LeaderRecord {
  readonly name: string;
  readonly term: number;
  /** Random for each start of an agent. */
  readonly bootId: string;
  /** Names the machine, so that only the same machine may speak for an earlier life of this node. */
  readonly hostId: string;
  readonly lineage: PerInstance<readonly LineageStep[]>;
}

/** `beat`: renewed by the master; the same revision seen for a full ttl is what makes a master dead. */
export interface BeatRecord {
  readonly counter: number;
  readonly term: number;
  readonly ttlMs: number;
}

/** `sync`: who holds every acknowledged write. */
export interface SyncRecord {
  readonly term: number;
  readonly master: string;
  /** Confirmed in both instances, and exactly the names that PostgreSQL waits for. */
  readonly standbys: readonly string[];
  /** While `standbys` is empty: the master and standbys of the last term that could acknowledge. */
  readonly previous: readonly string[];
  /** The master may acknowledge with no standby: first bootstrap, or `strict: false`. */
  readonly alone: boolean;
}

/** `promotion`: the promotion lock, leased. */
export interface PromotionRecord {
  readonly candidate: string;
  readonly bootId: string;
  readonly hostId: string;
  readonly term: number;
  /** `sync`'s revision as the takeover compared it: the claim compares the same, so the old master changed nothing since. */
  readonly syncRevision: number;
}

/** `released/<term>`: the end of a master, seen for certain. */
export interface ReleasedRecord {
  readonly term: number;
  readonly reason: string;
  readonly successor: string | null;
}

/** `history/<term>` */
export interface HistoryRecord {
  readonly term: number;
  readonly from: string;
  readonly to: string;
  readonly why: string;
  readonly timelines: PerInstance<number>;
  /** An operator accepted the loss of what the winner had not received. */
  readonly forced: boolean;
  /** Where the winner left the old timeline, written once it leads (LSNs as text). */
  readonly switchLsn: PerInstance<string> | null;
}

/** `evicted/<name>`: a record for people. */
export interface EvictedRecord {
  readonly term: number;
  readonly reason: string;
}

/** What a member says of one of its instances. LSNs in bytes. */
export interface InstanceReportEntry {
  readonly state: string;
  readonly timeline: number | null;
  readonly receivedLsn: bigint | null;
  readonly streaming: boolean;
}

/** `members/<name>`: leased, rewritten every turn that changes it. */
export interface MemberReport {
  readonly name: string;
  readonly bootId: string;
  readonly kind: NodeKind;
  readonly role: string;
  readonly because: string;
  readonly addresses: NodeAddresses;
  readonly instances: PerInstance<InstanceReportEntry | null>;
  /** The create revision of the promotion lock for which this node has left its master; null: not detached. */
  readonly detachedFor: number | null;
  /** An unfinished rewind or copy. */
  readonly marker: boolean;
  /** Why this node should not be master, seen from inside. */
  readonly ailment: string | null;
}

/** `switchover`: an operator's wish. */
export interface SwitchoverRequest {
  readonly id: string;
  readonly to: string | null;
}

/** `forced`: an operator promotes a node that may lack acknowledged writes. */
export interface ForcedRequest {
  readonly id: string;
  readonly candidate: string;
  /** The term whose loss was accepted: a request never outlives it. */
  readonly term: number;
}

/** A value with the store's revisions of its key. */
export interface Stored<T> {
  readonly value: T;
  readonly createRevision: number;
  readonly modRevision: number;
}

/** Everything of one cluster at one revision of the store. */
export interface ClusterState {
  readonly revision: number;
  readonly config: Stored<ClusterConfig>;
  readonly leader: Stored<LeaderRecord> | null;
  readonly beat: Stored<BeatRecord> | null;
  readonly sync: Stored<SyncRecord>;
  readonly promotion: Stored<PromotionRecord> | null;
  readonly released: readonly ReleasedRecord[];
  readonly history: readonly Stored<HistoryRecord>[];
  readonly evicted: ReadonlyMap<string, Stored<EvictedRecord>>;
  readonly members: ReadonlyMap<string, Stored<MemberReport>>;
  readonly switchover: Stored<SwitchoverRequest> | null;
  readonly forced: Stored<ForcedRequest> | null;
}
