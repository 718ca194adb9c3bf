import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdMembership } from '../../src/coordination/membership.ts';

const bounds = { timeoutMs: 2000 };
const attempts = 20;

/** The name of the node whose etcd leads. @throws Error while there is no leader */
export async function etcdLeader(etcd: EtcdMembership): Promise<string> {
  const members = await etcd.memberList(bounds);
  for (const { clientUrls } of members) {
    const said = await etcd.status(new URL(clientUrls[0] ?? '').host, bounds).catch(() => null);
    const leader = members.find(({ id }) => id === said?.leaderId);
    if (leader !== undefined) return leader.name;
  }
  throw new Error('etcd has no leader');
}

/** Whether every member answers and votes. */
export async function etcdIsWhole(etcd: EtcdMembership, count: number): Promise<boolean> {
  const members = await etcd.memberList(bounds);
  if (members.length !== count || members.some(({ learner }) => learner)) return false;
  const said = await Promise.all(
    members.map(({ clientUrls }) => etcd.status(new URL(clientUrls[0] ?? '').host, bounds)),
  );
  return said.every(({ leaderId, errors }) => leaderId !== null && errors.length === 0);
}

/**
 * Sees to it that etcd's leader is on `node`, or is not, and has been there for `settlesAfterMs`. Holdfast moves it away
 * from its master every few seconds, hence the attempts.
 */
export async function placeEtcdLeader(
  etcd: EtcdMembership,
  node: string,
  where: 'on' | 'off',
  settlesAfterMs: number,
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (!(await isPlaced(etcd, node, where))) {
      const members = await etcd.memberList(bounds);
      const target = members.find(({ name }) => (name === node) === (where === 'on'));
      await etcd.moveLeader(target?.id ?? '', { timeoutMs: 5000 });
    }
    await sleep(settlesAfterMs);
    if (await isPlaced(etcd, node, where)) return;
  }
  throw new Error(`etcd's leader could not be put ${where} ${node}`);
}

async function isPlaced(etcd: EtcdMembership, node: string, where: 'on' | 'off'): Promise<boolean> {
  return ((await etcdLeader(etcd)) === node) === (where === 'on');
}
