import type { ClusterState } from '../core/failover/cluster-state.ts';
import { holdsEveryWrite } from '../core/failover/eligibility.ts';
import { Problem } from '../core/problem.ts';
import { callMs, changeCluster, configChange, readCluster } from './cluster-state-access.ts';
import type { StoreConnection } from './etcd-endpoints.ts';

/**
 * Takes a node out of the cluster for good: its declaration and records, then its etcd member by id. Its certificate stays
 * valid until it ends, so a machine that is given away must be wiped.
 *
 * @param ownEtcd whether the nodes run etcd themselves
 * @throws Problem `member_missing`, `operation_refused` for the master and for the last that holds every write
 */
export async function removeMember(
  connection: StoreConnection,
  name: string,
  ownEtcd: boolean,
): Promise<void> {
  const etcdMember = ownEtcd
    ? (await connection.membership.memberList({ timeoutMs: callMs })).find((member) => member.name === name)
    : undefined;
  const declared = (await readCluster(connection)).config.value.members.some(
    (member) => member.name === name,
  );
  if (!declared && etcdMember === undefined) throw missing(name, await readCluster(connection));
  // The declaration goes first: a node that is declared brings its lost etcd member back by itself.
  await changeCluster(connection, (state) => {
    assertRemovable(name, state);
    const members = state.config.value.members.filter((member) => member.name !== name);
    if (members.length === state.config.value.members.length) return null;
    const { compare, writes } = configChange(connection, state, { ...state.config.value, members });
    const { keys } = connection;
    return {
      compare: [...compare, { key: keys.sync, target: 'mod', equals: state.sync.modRevision }],
      writes: [
        ...writes,
        { kind: 'delete', key: keys.evicted(name) },
        { kind: 'delete', key: keys.member(name) },
      ],
    };
  });
  if (etcdMember !== undefined)
    await connection.membership.memberRemove(etcdMember.id, { timeoutMs: callMs });
}

/**
 * Lets an evicted node in again, where `autoRejoin` is off: it then becomes a standby by itself.
 *
 * @throws Problem `member_missing`, `operation_refused` when it is not evicted
 */
export async function rejoinMember(connection: StoreConnection, name: string): Promise<void> {
  let asked = false;
  await changeCluster(connection, (state) => {
    if (!state.config.value.members.some((member) => member.name === name)) throw missing(name, state);
    const record = state.evicted.get(name);
    if (record === undefined && asked) return null;
    if (record === undefined) {
      throw new Problem('operation_refused', `${name} is not evicted: there is nothing to readmit it from.`);
    }
    asked = true;
    const key = connection.keys.evicted(name);
    return {
      compare: [{ key, target: 'mod', equals: record.modRevision }],
      writes: [{ kind: 'delete', key }],
    };
  });
}

function assertRemovable(name: string, state: ClusterState): void {
  const sync = state.sync.value;
  if (sync.master === name || state.leader?.value.name === name) {
    const way = 'Hand over first with "holdfast switchover".';
    throw new Problem('operation_refused', `${name} is the master and cannot be removed. ${way}`);
  }
  if (state.promotion?.value.candidate === name) {
    throw new Problem('operation_refused', `${name} is being promoted right now. Try again in a moment.`);
  }
  if (state.leader === null && holdsEveryWrite(name, sync)) {
    throw new Problem(
      'operation_refused',
      `There is no master, and ${name} holds every acknowledged write: the cluster may need it. Remove it once there is a master again.`,
    );
  }
}

/** The Problem for a name that the cluster does not know. */
export function missing(name: string, state: ClusterState): Problem {
  const known = state.config.value.members.map((member) => member.name).join(', ');
  return new Problem('member_missing', `The cluster has no node "${name}". Its nodes are: ${known}.`);
}
