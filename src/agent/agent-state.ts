import type { Freshness } from '../core/freshness.ts';
import type { ClusterStore } from '../core/coordination/cluster-store.ts';
import type { ClusterState } from '../core/failover/cluster-state.ts';
import type { ClusterKeys } from '../core/failover/keys.ts';
import type { Memory } from '../core/failover/memory.ts';
import type { LocalRecord } from '../core/failover/view.ts';
import type { ApiWorkers } from './api-workers.ts';
import type { AuditKeeper } from './audit-keeper.ts';
import type { Authority } from './authority.ts';
import type { BackgroundTask } from './background-task.ts';
import type { GuardianLink } from './guardian-link.ts';
import type { Leases } from './leases.ts';
import type { LocalInstances } from './local-instances.ts';
import type { NodeContext } from './node-context.ts';
import type { Wake } from './wake.ts';

/** Until the configuration is known, in milliseconds. */
export const defaultTtlMs = 5000;

/** Everything one running agent holds. Passed whole to the few functions that act; each changes only its own part. */
export interface AgentState {
  readonly node: NodeContext;
  readonly store: ClusterStore;
  readonly keys: ClusterKeys;
  readonly instances: LocalInstances;
  readonly guardian: GuardianLink;
  readonly authority: Authority;
  readonly task: BackgroundTask;
  readonly workers: ApiWorkers;
  readonly auditKeeper: AuditKeeper;
  readonly leases: Leases;
  readonly wake: Wake;
  memory: Memory;
  record: LocalRecord;
  /** How new the data is that this node replays. */
  freshness: Freshness;
  /** What the store said last, for what needs an address and not the truth of this moment. */
  lastCluster: ClusterState | null;
  /** A promotion of ours went wrong: the directories must be copied before anything else. */
  copyNeeded: boolean;
  ailment: string | null;
  ended: boolean;
}
