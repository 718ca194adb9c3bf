import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import type { TestContext } from 'node:test';
import type { ClusterClient } from '../../agent/cluster-client.ts';
import type { ClusterStatus } from '../../agent/operations.ts';
import { seededRandom } from '../../core/random.ts';
import { Secret } from '../../core/secret.ts';
import { Written } from '../clients/clients.ts';
import { RoundLog } from '../clients/log.ts';
import type { Scene } from '../faults/fault.ts';

const nowhere = { url: 'https://127.0.0.1:1', ca: '' };

/** What faults of processes see of a cluster: nodes that are real processes, which do nothing. */
export interface ProcessCluster {
  readonly scene: Scene;
  readonly log: RoundLog;
  readonly process: (node: string) => ChildProcess;
}

/** Starts one process for each name, in a group of its own, named like an etcd; the first is the master. */
export async function processCluster(
  t: TestContext,
  names: readonly string[],
  seed = 1,
): Promise<ProcessCluster> {
  const started = await Promise.all(
    names.map(async (name) => {
      const child = spawn('sleep', ['600'], { argv0: 'etcd', detached: true, stdio: 'ignore' });
      await once(child, 'spawn');
      t.after(() => child.kill('SIGKILL'));
      return [name, child] as const;
    }),
  );
  const processes = new Map(started);
  const process = (name: string): ChildProcess => {
    const found = processes.get(name);
    if (found === undefined) throw new Error(`no process ${name}`);
    return found;
  };
  const log = new RoundLog();
  const scene: Scene = {
    target: {
      isDemo: true,
      account: 'test',
      login: 'admin',
      apiKey: new Secret('none'),
      balancer: nowhere,
      followers: null,
      network: null,
      nodes: async () =>
        names.map((name) => ({
          name,
          dir: tmpdir(),
          dataDir: tmpdir(),
          api: nowhere,
          processGroup: process(name).pid ?? 0,
          disk: null,
          clock: null,
        })),
    },
    cluster: silent,
    status: statusOf(names),
    log,
    clients: { clock: () => performance.now(), token: '', written: new Written(), keys: [] },
    random: seededRandom(seed),
    signal: new AbortController().signal,
  };
  return { scene, log, process };
}

function statusOf(names: readonly string[]): ClusterStatus {
  return {
    cluster: 'test',
    term: 1,
    master: names[0] ?? null,
    protected: true,
    advice: [],
    ttlMs: 200,
    etcd: names.map((name, at) => ({ name, healthy: true, leader: at === 0, learner: false })),
    nodes: names.map((name, at) => ({
      name,
      kind: 'standby',
      role: at === 0 ? 'master' : 'standby',
      synchronous: at === 1,
      evicted: null,
      because: '',
      streaming: true,
      timelines: null,
      lagBytes: { data: 0, audit: 0 },
      address: '',
    })),
  };
}

async function unasked(): Promise<never> {
  throw new Error('a fault of processes asks nothing of the cluster');
}

const silent: ClusterClient = {
  status: unasked,
  watchStatus: unasked,
  createToken: unasked,
  switchover: unasked,
  forceFailover: unasked,
  members: unasked,
  removeMember: unasked,
  rejoinMember: unasked,
  setConfig: unasked,
  setLoadBalancer: unasked,
  haproxy: unasked,
  close: () => undefined,
};
