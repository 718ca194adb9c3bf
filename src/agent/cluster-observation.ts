import { readFile } from 'node:fs/promises';
import { isProblem } from '../core/problem.ts';
import { checkCertificate } from '../identity/check-certificate.ts';
import { checkClientCertificate } from '../identity/check-client-certificate.ts';
import { readCluster } from './cluster-state-access.ts';
import { describeCluster } from './cluster-status.ts';
import type { StoreConnection } from './etcd-endpoints.ts';
import type { NodeLayout } from './layout.ts';
import type { NodeConfig } from './node-config.ts';
import type { ClusterStatus } from './operations.ts';
import { Wake } from './wake.ts';

export interface Observer {
  readonly connection: StoreConnection;
  readonly config: NodeConfig;
  readonly layout: NodeLayout;
}

const etcdMs = 1500;
const warnDays = 30;
/** Between two looks of a watch: at least, and at most (etcd's own health rings no bell). */
const leastMs = 100;
const mostMs = 1000;

/** @throws Problem `store_unavailable`, `cluster_missing` */
export async function observeStatus(observer: Observer): Promise<ClusterStatus> {
  const { connection, config } = observer;
  const state = await readCluster(connection);
  const looking = config.etcd.mode === 'own' ? observeEtcd(connection) : observeExternalEtcd(connection);
  const [etcd, certificates] = await Promise.all([looking, certificateAdvice(observer)]);
  return describeCluster({ cluster: config.cluster, state, etcd, etcdMode: config.etcd.mode, certificates });
}

/**
 * Tells the status now and after every change, until `signal` is aborted. While etcd does not answer, the last status is
 * told again, marked as old and as unprotected.
 *
 * @throws Problem when there is no first status
 */
export async function watchStatus(
  observer: Observer,
  onStatus: (status: ClusterStatus) => void,
  signal: AbortSignal,
): Promise<void> {
  const { connection } = observer;
  const wake = new Wake();
  const ring = (): void => wake.ring();
  let last = await observeStatus(observer);
  let lastAt = performance.now();
  let shown = '';
  const show = (status: ClusterStatus): void => {
    const text = JSON.stringify(status);
    if (text !== shown) onStatus(status);
    shown = text;
  };
  signal.addEventListener('abort', ring);
  watchFrom(connection, signal, ring);
  try {
    while (!signal.aborted) {
      show(last);
      await new Wake().wait(leastMs);
      await wake.wait(mostMs);
      if (signal.aborted) return;
      try {
        last = await observeStatus(observer);
        lastAt = performance.now();
      } catch (error) {
        if (!isProblem(error, 'store_unavailable', 'store_unanswered')) throw error;
        const age = Math.round((performance.now() - lastAt) / 1000);
        const advice = [`This is how it was ${age} s ago. ${error.detail}`];
        show({ ...last, protected: false, advice });
        last = { ...last, protected: false, advice };
      }
    }
  } finally {
    signal.removeEventListener('abort', ring);
  }
}

/** A bell, no more: what changed is read anew. Hung again when history was compacted away. */
function watchFrom(connection: StoreConnection, signal: AbortSignal, ring: () => void): void {
  if (signal.aborted) return;
  connection.store.watch(connection.keys.prefix, {
    fromRevision: 0,
    signal,
    onEvents: ring,
    onEnd: (end) => {
      if (end.kind !== 'stopped') setTimeout(() => watchFrom(connection, signal, ring), mostMs).unref();
    },
  });
}

/** Each member's own word; one that says nothing is not healthy. */
async function observeEtcd(connection: StoreConnection): Promise<ClusterStatus['etcd']> {
  const { membership, gateway } = connection;
  let members;
  try {
    members = await membership.memberList({ timeoutMs: etcdMs });
  } catch {
    return [];
  }
  const looks = members.map(async (member) => {
    const { name, id, learner, clientUrls } = member;
    const endpoint = clientUrls.map((url) => new URL(url).host).find((host) => gateway.endpoints.named(host));
    const shown = name === '' ? `(member ${id}, not started)` : name;
    if (endpoint === undefined) return { name: shown, healthy: false, leader: false, learner };
    try {
      const said = await membership.status(endpoint, { timeoutMs: etcdMs });
      const healthy = said.leaderId !== null && said.errors.length === 0;
      return { name: shown, healthy, leader: said.leaderId === said.memberId, learner };
    } catch {
      return { name: shown, healthy: false, leader: false, learner };
    }
  });
  const seen = await Promise.all(looks);
  return seen.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * An external etcd may tell its clients other addresses than those it was named with: so each endpoint is asked which member
 * it is. Members that no endpoint leads to are not known to be anything, and are left out.
 */
async function observeExternalEtcd({ membership, gateway }: StoreConnection): Promise<ClusterStatus['etcd']> {
  const list = await membership.memberList({ timeoutMs: etcdMs }).catch(() => []);
  const looks = gateway.endpoints.order().map(async ({ name: endpoint }) => {
    try {
      const said = await membership.status(endpoint, { timeoutMs: etcdMs });
      const member = list.find(({ id }) => id === said.memberId);
      const healthy = said.leaderId !== null && said.errors.length === 0;
      const leader = said.leaderId === said.memberId;
      return { name: member?.name ?? endpoint, healthy, leader, learner: member?.learner ?? false };
    } catch {
      return { name: endpoint, healthy: false, leader: false, learner: false };
    }
  });
  const seen = new Map((await Promise.all(looks)).map((one) => [one.name, one]));
  return [...seen.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function certificateAdvice({ layout, config }: Observer): Promise<readonly string[]> {
  try {
    const [pem, caPem] = await Promise.all([
      readFile(layout.tls.cert, 'utf8'),
      readFile(layout.tls.ca, 'utf8'),
    ]);
    const names = [config.name, config.publicName];
    const faults = checkCertificate({ pem, caPem, nowMs: Date.now(), warnDays, names });
    const own = faults.map(({ sentence }) => `${config.name}: ${sentence}`);
    return config.etcd.mode === 'own' ? own : [...own, ...(await etcdCertificateAdvice(config.name, layout))];
  } catch {
    return [`${config.name}: its certificate files cannot be read.`];
  }
}

async function etcdCertificateAdvice(name: string, { etcdTls }: NodeLayout): Promise<readonly string[]> {
  const [caPem, certPem, keyPem] = await Promise.all([
    readFile(etcdTls.ca, 'utf8'),
    readFile(etcdTls.cert, 'utf8'),
    readFile(etcdTls.key, 'utf8'),
  ]);
  const faults = checkClientCertificate({ caPem, certPem, keyPem, nowMs: Date.now(), warnDays });
  return faults.map(
    ({ file, what }) => `${name}: ${etcdTls[file]} ${what}. Replace it, and restart the node.`,
  );
}
