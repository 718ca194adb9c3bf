import type { ForwardTarget } from './audit/forward-target.ts';
import type { RetentionRules } from './audit/retention.ts';
import type { SpaceRules } from './audit/space.ts';
import type { PeerAddress, ServingRole, WorkerSettings } from './serving.ts';

/** What the keeper of a node's audit trail is started with: its first IPC message. No secret is in it, only the names of files. */
export type KeeperSettings = Pick<WorkerSettings, 'nodeName' | 'tls' | 'logLevel'> & {
  readonly postgres: Pick<WorkerSettings['postgres'], 'socketDir' | 'auditPort'>;
  /** The directory of the audit instance: the free space of its disk counts. */
  readonly directory: string;
  readonly retention: RetentionRules;
  readonly space: SpaceRules;
  readonly forward: ForwardSettings;
};

/** Where a master forwards records, and the files that targets over TLS are met with. */
export interface ForwardSettings {
  readonly targets: readonly ForwardTarget[];
  readonly tls: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null };
}

/** What is to be done: as the node is now. */
export type KeeperDuty =
  | { readonly role: 'master' }
  | {
      readonly role: 'follower';
      /** The ways to whoever takes records, the best first; empty: none is known. */
      readonly master: readonly PeerAddress[];
      /** That of the master, as far as is known. */
      readonly term: number;
      /** Fewer records than make a full push are not sent sooner after the last ones than this. */
      readonly paceMs: number;
    }
  /** The trail is not this node's to change. */
  | { readonly role: 'none' };

const paceMs = { least: 500, most: 10_000, forEachMember: 20 };

/**
 * How often a follower that has little to tell tells it: a push costs the master a signature and a commit, however few records it
 * has. So it is fifty a second for the whole cluster at most, for as long as that has not more than 500 members.
 */
function paceOf(members: number): number {
  return Math.min(paceMs.most, Math.max(paceMs.least, members * paceMs.forEachMember));
}

/**
 * What a node has to do for its trail.
 *
 * @param settled it has been the master for a while: a failover has better things to do
 * @param ways to the master, the best first
 * @param term that the cluster is in
 * @param members how many nodes the cluster has
 */
export function keeperDuty(
  role: ServingRole,
  {
    settled,
    ways,
    term,
    members,
  }: {
    readonly settled: boolean;
    readonly ways: readonly PeerAddress[];
    readonly term: number;
    readonly members: number;
  },
): KeeperDuty {
  if (role === 'follower') return { role, master: ways, term, paceMs: paceOf(members) };
  return role === 'master' && settled ? { role } : { role: 'none' };
}

/** Agent to keeper, over the IPC channel of the child process. */
export type KeeperCommand =
  | { readonly kind: 'settings'; readonly settings: KeeperSettings }
  | { readonly kind: 'duty'; readonly duty: KeeperDuty };

/** Keeper to agent: how the trail stands. */
export interface KeeperReport {
  /** How many records the master lacks, as far as is known; null: not known yet. */
  readonly backlog: number | null;
  readonly isFull: boolean;
  /** Of a master: how many records each target of the forwarding lacks. */
  readonly forwards: Readonly<Record<string, number>>;
}
