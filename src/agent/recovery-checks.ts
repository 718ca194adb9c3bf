import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkEtcdVersion } from '../coordination/etcd-version.ts';
import { instanceNames, type NodeAddresses, type PerInstance } from '../core/failover/cluster-state.ts';
import { holdsEveryWrite } from '../core/failover/eligibility.ts';
import { formatLsn } from '../core/lsn.ts';
import { isProblem, Problem } from '../core/problem.ts';
import { exists } from '../instance/exists.ts';
import { type LogEnd, readLogEnd } from '../instance/log-end.ts';
import { readInterruption } from '../instance/markers.ts';
import { settleDirectories } from '../instance/moved-aside.ts';
import { readCluster } from './cluster-state-access.ts';
import { connectStore } from './etcd-endpoints.ts';
import type { KnownCluster } from './known-cluster.ts';
import type { NodeLayout } from './layout.ts';
import { readCopyNeeded } from './local-record.ts';
import { etcdClientUrl } from './member-etcd.ts';
import type { NodeConfig } from './node-config.ts';
import type { NodeContext } from './node-context.ts';
import { requireFreePorts } from './ports-free.ts';
import { stillAnswering } from './still-answering.ts';

/** What `recover` refuses with. */
export function refused(why: string): Problem {
  return new Problem('operation_refused', `No recovery: ${why}.`);
}

/** @throws Problem for a node that can never be the one that is left */
export async function requireRecoverable(config: NodeConfig, layout: NodeLayout): Promise<void> {
  const { name, kind, etcd, state } = config;
  if (state !== 'ready') {
    throw new Problem(
      'directory_not_ours',
      `--dir: the node in ${layout.dir} is half-made; it has no databases.`,
    );
  }
  if (kind === 'follower') {
    throw refused(
      `${name} is a follower and has no copy of the audit trail. Run it on a standby, or on what is left of the master`,
    );
  }
  if (etcd.mode === 'external') {
    throw refused(
      'the etcd of this cluster is not its own. Bring that etcd back, from a backup if need be; then use "holdfast failover --force"',
    );
  }
  const { uid } = await stat(layout.config);
  if (process.getuid?.() !== uid) {
    throw refused(`${layout.dir} belongs to the user with id ${uid}. Run the command as that user`);
  }
}

/** The addresses with the ports of the etcd member that the node is to run. @throws Problem `usage`, `port_taken` */
export async function placeForEtcd(
  { addresses, listen }: NodeConfig,
  given: { readonly client: number | null; readonly peer: number | null },
): Promise<NodeAddresses> {
  const etcdClient = addresses.etcdClient ?? given.client;
  const etcdPeer = addresses.etcdPeer ?? given.peer;
  if (etcdClient === null || etcdPeer === null) {
    throw new Problem(
      'usage',
      '--etcd-client-port, --etcd-peer-port: this node has had no etcd member; name two free ports for it.',
    );
  }
  const differs = (port: number | null, own: number): boolean => port !== null && port !== own;
  if (differs(given.client, etcdClient) || differs(given.peer, etcdPeer)) {
    throw new Problem(
      'usage',
      `--etcd-client-port, --etcd-peer-port: this node's etcd has the ports ${etcdClient} and ${etcdPeer} already; leave them out.`,
    );
  }
  await checkEtcdVersion();
  const { host: _, ...ports } = { ...addresses, etcdClient, etcdPeer };
  await requireFreePorts({ listen, ports });
  return { ...addresses, etcdClient, etcdPeer };
}

/** @throws Problem unless the node holds both databases whole. Returns where their logs end. */
export async function requireDatabases(
  { instances, layout }: Pick<NodeContext, 'instances' | 'layout'>,
  signal: AbortSignal,
): Promise<PerInstance<LogEnd>> {
  if (await readCopyNeeded(layout)) {
    throw refused(
      'a promotion of this node went wrong and its databases cannot be trusted. Choose another node',
    );
  }
  for (const name of instanceNames) {
    await settleDirectories(instances[name]); // as each start does
    const left = await readInterruption(instances[name]);
    if (left === null || left.startable) continue;
    throw refused(`the ${name} database of this node is not whole: ${left.sentence}. Choose another node`);
  }
  return {
    data: await readLogEnd(instances.data, signal),
    audit: await readLogEnd(instances.audit, signal),
  };
}

/** @throws Problem while anything of the old cluster can be seen to live */
export async function requireAllLost(
  config: NodeConfig,
  layout: NodeLayout,
  known: KnownCluster,
): Promise<void> {
  const others = known.config.members.filter(({ name, kind }) => name !== config.name && kind !== 'follower');
  const [up] = await Promise.all([stillAnswering(others, layout), requireNoMajority(config, layout, known)]);
  if (up.length === 0) return;
  const named = up.map(({ name, addresses }) => `${name} (${addresses.host})`).join(', ');
  throw refused(
    `${named} still ${up.length === 1 ? 'answers' : 'answer'}, and would go on as another cluster. Recover on the node that holds most, and stop every other one for good first`,
  );
}

async function requireNoMajority(config: NodeConfig, layout: NodeLayout, known: KnownCluster): Promise<void> {
  const urls = known.config.members
    .map(({ addresses }) => etcdClientUrl(addresses))
    .filter((url) => url !== null);
  const endpoints = [...new Set([...config.etcd.endpoints, ...urls])];
  const connection = await connectStore({ ...config, etcd: { ...config.etcd, endpoints } }, layout);
  try {
    await readCluster(connection);
  } catch (error) {
    if (isProblem(error, 'store_unavailable', 'store_unanswered')) return;
    throw error;
  } finally {
    connection.close();
  }
  throw refused(
    'a majority of etcd answers, so the cluster can still decide. Start this node; if there is no master, use "holdfast failover --force", and "holdfast switchover" to move the master',
  );
}

/** Whether etcd needs nobody but this node's own member, and that has its data: nothing is lost then. */
export async function isWholeAlone(
  { name }: NodeConfig,
  layout: NodeLayout,
  known: KnownCluster,
): Promise<boolean> {
  const voters = known.config.members.filter(({ addresses }) => addresses.etcdClient !== null);
  if (voters.length !== 1 || voters[0]?.name !== name) return false;
  return exists(join(layout.etcd, 'member'));
}

/** What a recovery costs, as far as this node can tell. */
export function lossSentence(name: string, known: KnownCluster, ends: PerInstance<LogEnd>): string {
  const { sync, seenAt } = known;
  const { data, audit } = ends;
  const least = data.exact && audit.exact ? '' : ' (or somewhat later: the log could not be read to its end)';
  const term = `${sync.master} was master of term ${sync.term}`;
  const how =
    sync.standbys.length > 0
      ? `${term} and ${sync.standbys.join(', ')} had to confirm every write`
      : sync.alone
        ? `${term} and took writes alone`
        : `${term} and took no writes yet; ${sync.previous.join(', ')} held all there were`;
  const held = holdsEveryWrite(name, sync)
    ? `${name} was one of those that held every acknowledged write`
    : `${name} was not among those that hold every acknowledged write`;
  return `With ${name} as the only node, every write after ${formatLsn(data.lsn)} in data and ${formatLsn(audit.lsn)} in audit is lost${least}. When ${name} last knew, at ${seenAt}, ${how}: ${held}.`;
}
