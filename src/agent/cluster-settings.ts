import type { LoadBalancerAddress } from '../core/failover/cluster-state.ts';
import { encodeRecord } from '../core/failover/codec.ts';
import { changeCluster, configChange } from './cluster-state-access.ts';
import { loadBalancerFaults, settingFaults } from './cluster-options.ts';
import type { StoreConnection } from './etcd-endpoints.ts';
import { beatOf } from './first-records.ts';
import { failOn } from './node-options.ts';

/** What operators may change of a running cluster; what is left out stays. */
export interface SettingChange {
  readonly ttlMs?: number;
  readonly syncCount?: number;
  readonly strict?: boolean;
  readonly autoRejoin?: boolean;
}

/** @throws Problem `config_invalid` with all faults in one, or as `changeCluster` does */
export async function setConfig(connection: StoreConnection, change: SettingChange): Promise<void> {
  failOn(settingFaults(change));
  await changeCluster(connection, (state) => {
    const old = state.config.value;
    const next = {
      ...old,
      ...change,
      beatMs: change.ttlMs === undefined ? old.beatMs : beatOf(change.ttlMs),
    };
    return encodeRecord(next) === encodeRecord(old) ? null : configChange(connection, state, next);
  });
}

/** Tells the cluster where its load balancer is; null: there is none. */
export async function setLoadBalancer(
  connection: StoreConnection,
  address: LoadBalancerAddress | null,
): Promise<void> {
  if (address !== null) failOn(loadBalancerFaults(address));
  await changeCluster(connection, (state) => {
    const old = state.config.value;
    const same = JSON.stringify(old.loadBalancer) === JSON.stringify(address);
    return same ? null : configChange(connection, state, { ...old, loadBalancer: address });
  });
}
