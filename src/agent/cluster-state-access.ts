import type { Compare, Write } from '../core/coordination/cluster-store.ts';
import type { ClusterConfig, ClusterState } from '../core/failover/cluster-state.ts';
import { decodeCluster, encodeRecord } from '../core/failover/codec.ts';
import { isProblem, Problem } from '../core/problem.ts';
import type { StoreConnection } from './etcd-endpoints.ts';

/** How long one call to etcd may take for an operator's command, in milliseconds. */
export const callMs = 3000;
const attempts = 8;

/**
 * Everything of the cluster, now.
 *
 * @throws Problem `store_unavailable` with what that means, `cluster_missing`
 */
export async function readCluster(connection: StoreConnection): Promise<ClusterState> {
  const { store, keys } = connection;
  let snapshot;
  try {
    snapshot = await store.read(keys.prefix, { timeoutMs: callMs });
  } catch (cause) {
    if (!isProblem(cause, 'store_unavailable', 'store_unanswered')) throw cause;
    throw new Problem(
      'store_unavailable',
      `etcd does not answer: no majority of its members can be reached, so nothing is known of the cluster. Start the other nodes, or look at their logs; when most of them are gone for good, see "holdfast recover --help". (${cause.detail})`,
      { cause },
    );
  }
  const state = decodeCluster(snapshot, keys);
  if (state === null) {
    throw new Problem(
      'cluster_missing',
      `etcd holds no cluster under ${keys.prefix}. Was it made by "holdfast init"?`,
    );
  }
  await connection.know(state.config.value.members);
  return state;
}

export interface Change {
  readonly compare: readonly Compare[];
  readonly writes: readonly Write[];
}

/**
 * Changes the state by compare-and-swap: `plan` looks at what stands and says what to write under which conditions (null:
 * nothing is to be done), and is asked again when somebody else was faster, or the answer was lost. So it must tell from
 * the state alone whether its change is there already.
 *
 * @throws whatever `plan` refuses with; Problem `server_busy` after too many rounds, or as the store's calls do
 */
export async function changeCluster(
  connection: StoreConnection,
  plan: (state: ClusterState) => Change | null,
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const change = plan(await readCluster(connection));
    if (change === null) return;
    try {
      const { succeeded } = await connection.store.txn(change.compare, change.writes, { timeoutMs: callMs });
      if (succeeded) return;
    } catch (error) {
      if (!isProblem(error, 'store_unanswered')) throw error;
    }
  }
  throw new Problem(
    'server_busy',
    'The cluster is changed by others again and again. Try again in a moment.',
  );
}

/** The configuration under the condition that nobody changed it. */
export function configChange(connection: StoreConnection, state: ClusterState, next: ClusterConfig): Change {
  const { config } = connection.keys;
  return {
    compare: [{ key: config, target: 'mod', equals: state.config.modRevision }],
    writes: [{ kind: 'put', key: config, value: encodeRecord(next) }],
  };
}
