import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterClient, openCluster } from '../../src/agent/cluster-client.ts';
import type { ClusterStatus, NodeStatus } from '../../src/agent/operations.ts';
import type { EtcdTlsFiles } from '../../src/coordination/etcd-endpoints.ts';
import { type EtcdGateway, openEtcdGateway } from '../../src/coordination/etcd-gateway.ts';
import { type EtcdProcess, waitHealthy } from '../../src/coordination/etcd-server.ts';
import { createEtcdStore } from '../../src/coordination/etcd-store.ts';
import { makeTestCa } from '../../src/coordination/testing/certificates.ts';
import {
  killMember,
  memberSettings,
  startMember,
  type TestMember,
} from '../../src/coordination/testing/etcd-members.ts';
import type { ClusterState } from '../../src/core/failover/cluster-state.ts';
import { decodeCluster } from '../../src/core/failover/codec.ts';
import { clusterKeys } from '../../src/core/failover/keys.ts';
import { type KnownProcess, rememberAs, signalGroup, signalProcess } from '../../src/demo/processes.ts';
import { databaseName, superuser } from '../../src/instance/settings.ts';
import { isAlive } from '../../src/runtime/process-facts.ts';
import { resolveRunAs } from '../../src/runtime/run-as.ts';
import { runCommandOk } from '../../src/runtime/run-command.ts';
import { ApiClient } from './api-client.ts';
import { cliPath, type CommandEnd, freeBase, runProgram, until } from './demo-cluster.ts';

const account = 'default';
const user = resolveRunAs('postgres');
const unprivileged = user?.name ?? 'postgres';

export type Instance = 'data' | 'audit';
const offsets = { data: 2, audit: 3 } as const;

/** The nodes, in the order of their ports. */
const kinds = { db1: 'standby', db2: 'standby', db3: 'standby', dr1: 'asynchronous' } as const;
export type NodeName = keyof typeof kinds;
export const names: readonly NodeName[] = ['db1', 'db2', 'db3', 'dr1'];

/**
 * A cluster as operators make it: an etcd that is not its own, with certificates of another authority; HAProxy; three
 * candidates and one asynchronous standby. Nobody starts a dead node again but the test.
 */
export class OperatorsCluster {
  readonly dir: string;
  readonly base: number;
  /** The last life of each process, and all lives that there were. */
  readonly #lives = new Map<string, KnownProcess>();
  readonly #started: KnownProcess[] = [];
  #etcd: { readonly process: EtcdProcess; readonly gateway: EtcdGateway; readonly url: string } | null = null;
  #client: ClusterClient | null = null;
  #apiKey = '';

  private constructor(dir: string, base: number) {
    this.dir = dir;
    this.base = base;
  }

  /** Makes and starts everything, or stops what was started. */
  static async start(): Promise<OperatorsCluster> {
    const dir = await mkdtemp(join(tmpdir(), 'hf-operators-'));
    await chmod(dir, 0o755); // PostgreSQL passes through as another user
    const cluster = new OperatorsCluster(dir, await freeBase());
    try {
      await cluster.#make();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  nodeDir(name: string): string {
    return join(this.dir, name);
  }

  /** Runs a command of the product at a node, alive or not. */
  run(at: NodeName, ...args: readonly string[]): Promise<CommandEnd> {
    return runProgram(cliPath, [...args, '--dir', this.nodeDir(at)]);
  }

  async startNode(name: NodeName): Promise<void> {
    await this.#spawn(name, process.execPath, [cliPath, 'node', '--dir', this.nodeDir(name)]);
  }

  /** `kill -9` of everything in the node's process group. */
  async killNode(name: NodeName): Promise<void> {
    const life = this.#lives.get(name);
    if (life !== undefined) signalGroup(life, 'SIGKILL');
  }

  /** Ends a node in order, and waits until it has ended. */
  async stopNode(name: NodeName): Promise<void> {
    const life = this.#lives.get(name);
    if (life === undefined) throw new Error(`${name} was never started`);
    signalProcess(life, 'SIGTERM');
    await until(20_000, `${name} has ended`, async () => (isAlive(life) ? null : true));
  }

  /** As `holdfast status` shows it; asked in this process, since it is asked over and over. */
  status(): Promise<ClusterStatus> {
    if (this.#client === null) throw new Error('there is no cluster yet');
    return this.#client.status();
  }

  /** Waits until the status is `so`; what it was last is told when it never becomes so. */
  async becomes(
    what: string,
    isSo: (status: ClusterStatus) => boolean,
    limitMs = 120_000,
  ): Promise<ClusterStatus> {
    let last: unknown = null;
    const look = async (): Promise<ClusterStatus | null> => {
      const status = await this.status().catch((error: unknown) => {
        last = error;
        return null;
      });
      if (status !== null) last = status;
      return status !== null && isSo(status) ? status : null;
    };
    try {
      return await until(limitMs, what, look);
    } catch (cause) {
      throw new Error(`not within ${limitMs} ms: ${what}. ${JSON.stringify(last, null, 1)}`, { cause });
    }
  }

  /** Waits until the cluster can lose its master again, and everybody streams. */
  whole(): Promise<ClusterStatus> {
    return this.becomes(
      'the cluster is whole',
      (status) =>
        status.protected &&
        status.nodes.every((node) => node.evicted === null && (node.role === 'master' || node.streaming)),
    );
  }

  /** What etcd holds of the cluster. */
  async records(): Promise<ClusterState> {
    if (this.#etcd === null) throw new Error('etcd does not run');
    const keys = clusterKeys('holdfast');
    const store = createEtcdStore(this.#etcd.gateway);
    const state = decodeCluster(await store.read(keys.prefix, { timeoutMs: 3000 }), keys);
    if (state === null) throw new Error('etcd holds no cluster');
    return state;
  }

  /** Rows of a query at one instance of a node, over its unix socket; columns parted by `|`. */
  async sql(name: NodeName, instance: Instance, text: string): Promise<readonly string[]> {
    const port = String(this.#nodeBase(name) + offsets[instance]);
    const at = ['-h', join(this.nodeDir(name), 'sockets'), '-p', port, '-U', superuser, '-d', databaseName];
    const { stdout } = await runCommandOk(['psql', ...at, '-XAtc', text], { timeoutMs: 5000, runAs: user });
    return stdout.split('\n').filter((line) => line !== '');
  }

  /** A client through the load balancer, logged in as the admin. */
  async client(): Promise<ApiClient> {
    const url = `https://localhost:${this.base}`;
    const client = new ApiClient({ url, caFile: join(this.nodeDir('db1'), 'tls/ca.crt'), account });
    const answer = await client.authenticate('admin', this.#apiKey);
    if (answer.status === 200) return client;
    client.close();
    throw new Error(`authenticate: ${answer.status} ${answer.body}`);
  }

  /** Ends every process that was started for this cluster, and removes its directory. Never throws. */
  async stop(): Promise<void> {
    this.#client?.close();
    for (const life of this.#started) signalGroup(life, 'SIGKILL');
    // PostgreSQL's sessions leave the group; they work in their data directory.
    await until(10_000, 'all have ended', () => {
      const left = workingIn(this.dir);
      for (const pid of left) kill(pid, 'SIGKILL');
      return left.length === 0 ? true : null;
    }).catch(() => undefined);
    if (this.#etcd !== null) {
      this.#etcd.gateway.close();
      await killMember(this.#etcd.process);
    }
    if (process.env['HOLDFAST_KEEP'] === undefined) await rm(this.dir, { recursive: true, force: true });
  }

  async #make(): Promise<void> {
    const client = await this.#startEtcd();
    const external = [
      '--etcd-ca',
      client.caFile,
      '--etcd-cert',
      client.certFile,
      '--etcd-key',
      client.keyFile,
    ];
    const loadBalancer = `127.0.0.1:${this.base}:${this.base + 2}:${this.base + 3}`;
    const init = ['init', '--public-name', 'localhost', '--ttl', '2s', '--load-balancer', loadBalancer];
    const url = this.#etcd?.url ?? '';
    this.#apiKey = await this.#good([...init, ...this.#nodeWords('db1'), '--etcd', url, ...external]);
    this.#client = await openCluster(this.nodeDir('db1'));
    await Promise.all([this.startNode('db1'), this.#startBalancer('db1')]);
    await this.becomes('db1 is master', ({ master }) => master === 'db1');
    const rest = names.filter((name) => name !== 'db1');
    await Promise.all(rest.map((name) => this.#join(name, external)));
  }

  /** One member, whose authority is not the cluster's. */
  async #startEtcd(): Promise<EtcdTlsFiles> {
    const ca = await makeTestCa(this.dir, 'etcd-authority');
    const [server, client] = [await ca.issue('etcd-server'), await ca.issue('holdfast-client')];
    const url = (port: number): string => `https://127.0.0.1:${this.base + port}`;
    const member: TestMember = {
      name: 'etcd1',
      clientUrl: url(50),
      peerUrl: url(51),
      endpoint: `127.0.0.1:${this.base + 50}`,
    };
    const started = await startMember(memberSettings(this.dir, member, [member], server));
    const gateway = await openEtcdGateway({ endpoints: [member.clientUrl], tls: client });
    this.#etcd = { process: started, gateway, url: member.clientUrl };
    await waitHealthy(started, gateway, member.endpoint, 20_000);
    return client;
  }

  /** Knows all nodes from the beginning: a reload would cut off whoever streams through it. */
  async #startBalancer(first: NodeName): Promise<void> {
    const words = names
      .filter((name) => name !== first)
      .flatMap((name) => ['--also', `${name}:${kinds[name]}:127.0.0.1:${this.#nodeBase(name)}`]);
    const caFile = join(this.nodeDir(first), 'tls/ca.crt');
    const ports = ['--followers-port', `${this.base + 1}`, '--stats-port', `${this.base + 9}`];
    const config = await this.#good([
      ...['lb', 'haproxy', '--dir', this.nodeDir(first), '--listen', '127.0.0.1', '--ca-file', caFile],
      ...ports,
      ...words,
    ]);
    const file = join(this.dir, 'haproxy.cfg');
    await writeFile(file, `${config}\n`);
    await this.#spawn('haproxy', 'haproxy', ['-db', '-f', file]);
  }

  async #join(name: NodeName, external: readonly string[]): Promise<void> {
    const token = ['token', 'create', '--dir', this.nodeDir('db1'), '--kind', kinds[name], '--json'];
    const printed: { readonly url?: string; readonly token?: string } = JSON.parse(await this.#good(token));
    const words = ['join', printed.url ?? '', ...this.#nodeWords(name), ...external, '--token-file', '-'];
    await this.#good(words, printed.token);
    await this.startNode(name);
  }

  #nodeBase(name: NodeName): number {
    return this.base + 10 * (names.indexOf(name) + 1);
  }

  #nodeWords(name: NodeName): readonly string[] {
    const place = ['--host', '127.0.0.1', '--listen', '127.0.0.1', '--ports', String(this.#nodeBase(name))];
    return ['--dir', this.nodeDir(name), '--name', name, ...place, '--run-as', unprivileged];
  }

  async #good(args: readonly string[], input?: string): Promise<string> {
    const end = await runProgram(cliPath, args, input === undefined ? {} : { input });
    if (end.code !== 0) throw new Error(`holdfast ${args.slice(0, 2).join(' ')}: ${end.stderr}`);
    return end.stdout.trim();
  }

  async #spawn(name: string, program: string, args: readonly string[]): Promise<void> {
    const log = openSync(join(this.dir, `${name}.log`), 'a', 0o600);
    const PATH = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;
    const env = { ...process.env, PATH };
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], env });
    closeSync(log);
    await once(child, 'spawn');
    const life = rememberAs(name, child.pid ?? 0);
    if (life === null) throw new Error(`${name} ended at once; see its log`);
    this.#lives.set(name, life);
    this.#started.push(life);
  }
}

export function nodeOf(status: ClusterStatus, name: string): NodeStatus {
  const found = status.nodes.find((node) => node.name === name);
  if (found === undefined) throw new Error(`no node ${name}`);
  return found;
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended already
  }
}

/** Processes whose working directory lies in `dir`. */
function workingIn(dir: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${dir}/`);
      } catch {
        return false; // it ended while we looked
      }
    });
}
