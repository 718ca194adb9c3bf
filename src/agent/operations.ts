import type { NodeAddresses, NodeKind } from '../core/failover/cluster-state.ts';
import type { Secret } from '../core/secret.ts';

/** Files that an external etcd is talked to with, PEM; null: not given. */
export interface EtcdFiles {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/** What `holdfast init` and `holdfast join` share. */
export interface NodeOptions {
  readonly dir: string;
  readonly name: string;
  readonly host: string;
  readonly listen: string;
  readonly ports: Omit<NodeAddresses, 'host'>;
  readonly runAs: string;
  readonly postgresBin: string | null;
  readonly logLevel: string;
  /** `--etcd-ca`, `--etcd-cert`, `--etcd-key`: needed where etcd is external, refused where it is not. */
  readonly etcdFiles: EtcdFiles;
  /** Told in one short sentence for each step that begins. */
  readonly onStep: (sentence: string) => void;
  readonly signal: AbortSignal;
}

export interface InitOptions extends NodeOptions {
  readonly cluster: string;
  readonly account: string;
  readonly publicName: string;
  readonly ttlMs: number;
  readonly syncCount: number;
  readonly loadBalancer: {
    readonly host: string;
    readonly api: number;
    readonly data: number;
    readonly audit: number;
  } | null;
  readonly externalEtcd: readonly string[];
  /**
   * Fills the two started, empty instances (tables, account, admin) and returns the admin's key. The agent knows nothing
   * of secrets: the command line hands in the server's own provisioning.
   */
  readonly provision: (target: ProvisionTarget) => Promise<Secret<string>>;
}

export interface ProvisionTarget {
  readonly socketDir: string;
  readonly dataPort: number;
  readonly auditPort: number;
  readonly account: string;
  readonly dataKeyFile: string;
}

export interface InitResult {
  readonly adminApiKey: Secret<string>;
}

export interface JoinOptions extends NodeOptions {
  /** `https://host:agentPort` of a node that holds the authority's key, as `holdfast token create` printed it. */
  readonly url: string;
  readonly token: Secret<string>;
  /** Fills the started, empty *audit* instance of a follower (tables); never called for a node that replicates its own. */
  readonly provisionAudit: (target: AuditTarget) => Promise<void>;
}

export interface AuditTarget {
  readonly socketDir: string;
  readonly auditPort: number;
}

/** One node as `holdfast status` shows it. */
export interface NodeStatus {
  readonly name: string;
  readonly kind: NodeKind;
  /** `down`: its report ran out. */
  readonly role: 'master' | 'standby' | 'follower' | 'starting' | 'down';
  readonly synchronous: boolean;
  readonly evicted: string | null;
  readonly because: string;
  readonly streaming: boolean;
  readonly timelines: string | null;
  /** Bytes behind the master in *data* and *audit*; null when unknown. */
  readonly lagBytes: { readonly data: number | null; readonly audit: number | null };
  readonly address: string;
}

export interface ClusterStatus {
  readonly cluster: string;
  readonly term: number;
  readonly master: string | null;
  /** Whether a failure of the master now would be healed without loss and without people, and why not. */
  readonly protected: boolean;
  readonly advice: readonly string[];
  readonly ttlMs: number;
  readonly etcd: readonly {
    readonly name: string;
    readonly healthy: boolean;
    readonly leader: boolean;
    readonly learner: boolean;
  }[];
  readonly nodes: readonly NodeStatus[];
}
