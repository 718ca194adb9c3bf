import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ApiClient } from '../../test/testing/api-client.ts';
import { cliPath, DemoCluster, type DemoNode, runProgram, until } from '../../test/testing/demo-cluster.ts';
import { type ClusterClient, openCluster } from '../../src/agent/cluster-client.ts';
import { nodeLayout } from '../../src/agent/layout.ts';
import { type EtcdGateway, openEtcdGateway } from '../../src/coordination/etcd-gateway.ts';
import { createEtcdMembership, type EtcdMembership } from '../../src/coordination/membership.ts';
import {
  groupMembers,
  type KnownProcess,
  rememberAs,
  signalGroup,
  signalProcess,
} from '../../src/demo/processes.ts';
import { areGone, everythingOf, partOf, postmasterOf, signalAll } from '../../src/drill/faults/processes.ts';
import { isWhole } from '../../src/drill/whole.ts';
import type { TargetNode } from '../../src/drill/target.ts';
import { livingProcesses } from '../../src/runtime/process-facts.ts';
import type { RacingCluster } from './cluster.ts';
import type { EventName } from './contenders.ts';
import { etcdIsWhole } from './etcd-leader.ts';
import { type Entry, writerCount, writeTimeoutMs } from './writers.ts';

const wholeMs = 180_000;
/** Variables of one writer; each is written again after as many writes. */
const variablesEach = 250;

/** The demo with three candidates and no follower, whose dead nodes nobody starts again but the race. */
export class HoldfastCluster implements RacingCluster {
  readonly settlesAfterMs = 300;
  readonly #ttl: number;
  /** Nodes that the race started again. */
  readonly #lives = new Map<string, KnownProcess>();
  #demo: DemoCluster | null = null;
  #cluster: ClusterClient | null = null;
  #gateway: EtcdGateway | null = null;
  #membership: EtcdMembership | null = null;
  #client: ApiClient | null = null;
  #stopping = false;

  /** @param ttl seconds */
  constructor(ttl: number) {
    this.#ttl = ttl;
  }

  async start(): Promise<void> {
    const demo = await DemoCluster.start([
      '--respawn',
      'off',
      '--followers',
      '0',
      '--ttl',
      String(this.#ttl),
    ]);
    this.#demo = demo;
    const home = demo.nodeDir('n1');
    this.#cluster = await openCluster(home);
    const { ca: caFile, cert: certFile, key: keyFile } = nodeLayout(home).tls;
    const endpoints = demo.file.nodes.flatMap(({ etcd }) => etcd?.client ?? []);
    this.#gateway = await openEtcdGateway({ endpoints, tls: { caFile, certFile, keyFile } });
    this.#membership = createEtcdMembership(this.#gateway);
    await this.whole();
    await until(60_000, 'the policy of the race is loaded', async () => {
      const loaded = await this.#client?.loadPolicy(policy()).catch(() => null);
      return loaded?.status === 201 ? true : null;
    });
  }

  async whole(): Promise<string> {
    const { nodes } = this.#running.file;
    const master = await until(wholeMs, 'Holdfast is whole', async () => {
      if (nodes.some(({ name }) => !this.#isAlive(name))) return null;
      const status = await this.#cluster?.status().catch(() => null);
      const good =
        status !== null && status !== undefined && isWhole(status) && status.nodes.length === nodes.length;
      if (!good || !(await etcdIsWhole(this.etcd(), nodes.length).catch(() => false))) return null;
      return status.master;
    });
    await this.#logIn();
    return master;
  }

  etcd(): EtcdMembership {
    if (this.#membership === null) throw new Error('Holdfast was not started');
    return this.#membership;
  }

  async write(entry: Entry): Promise<boolean> {
    const answer = await this.#client
      ?.write(variableOf(entry), String(entry.sequence), writeTimeoutMs)
      .catch(() => null);
    return answer?.status === 201;
  }

  /** A variable has one writer, whose values grow: an older one than the last acknowledged is a loss. */
  async lost(acknowledged: readonly Entry[]): Promise<number> {
    const last = new Map(acknowledged.map((entry) => [variableOf(entry), entry.sequence]));
    let missing = 0;
    for (const [variable, sequence] of last) {
      const found = await until(30_000, `${variable} can be read`, async () => {
        const answer = await this.#client?.read(variable).catch(() => null);
        return answer?.status === 200 || answer?.status === 404 ? answer : null;
      });
      if (found.status !== 200 || Number(found.body) < sequence) missing += 1;
    }
    return missing;
  }

  async strike(event: EventName, master: string): Promise<void> {
    if (event === 'switchover') {
      const end = await runProgram(cliPath, ['switchover', '--dir', this.#running.nodeDir(master)]);
      if (end.code !== 0) throw new Error(`holdfast switchover: ${end.stderr}`);
      return;
    }
    const node = this.#target(master);
    const victims = victimsOf(event, node);
    signalAll(victims, 'SIGKILL');
    if (victims.length === 0 || !(await areGone(victims))) throw new Error(`${event}: nothing was killed`);
  }

  async acceptsWrites(node: string): Promise<boolean> {
    if (this.#client === null) return false;
    const { file } = this.#running;
    const direct = new ApiClient({
      url: this.#running.node(node).api,
      caFile: file.api.caFile,
      account: file.account,
    });
    try {
      direct.useTokenOf(this.#client);
      return (await direct.write('race/direct', 'x', writeTimeoutMs)).status === 201;
    } catch {
      return false;
    } finally {
      direct.close();
    }
  }

  async heal(): Promise<void> {
    for (const { name } of this.#running.file.nodes) {
      if (this.#isAlive(name) || this.#stopping) continue;
      const child = spawn(process.execPath, [cliPath, 'node', '--dir', this.#running.nodeDir(name)], {
        detached: true,
        stdio: 'ignore',
      });
      await once(child, 'spawn');
      const life = rememberAs(name, child.pid ?? 0);
      if (life !== null) this.#lives.set(name, life);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#client?.close();
    this.#cluster?.close();
    this.#gateway?.close();
    const lives = [...this.#lives.values()];
    for (const life of lives) signalProcess(life, 'SIGTERM');
    const gone = (): true | null => (lives.every((life) => groupMembers(life).length === 0) ? true : null);
    await until(20_000, 'nodes have ended', gone).catch(() => undefined);
    for (const life of lives) signalGroup(life, 'SIGKILL');
    await this.#demo?.stop().catch(() => undefined);
  }

  get #running(): DemoCluster {
    if (this.#demo === null) throw new Error('Holdfast was not started');
    return this.#demo;
  }

  #group(name: string): number {
    return this.#lives.get(name)?.pid ?? this.#running.node(name).processGroup;
  }

  #isAlive(name: string): boolean {
    const group = this.#group(name);
    return group !== 0 && livingProcesses().some((each) => each.group === group);
  }

  #target(name: string): TargetNode {
    const { api, dataDir, postgres }: DemoNode = this.#running.node(name);
    return {
      name,
      dir: this.#running.nodeDir(name),
      api: { url: api, ca: '' },
      processGroup: this.#group(name),
      dataDir,
      dataPort: postgres.data.port,
    };
  }

  /** Tokens live for eight minutes: each round has its own. */
  async #logIn(): Promise<void> {
    const client = await until(30_000, 'the load balancer lets clients in', () =>
      this.#running.client().catch(() => null),
    );
    this.#client?.close();
    this.#client = client;
  }
}

function variableOf({ writer, sequence }: Entry): string {
  return `race/w${writer}-${sequence % variablesEach}`;
}

function policy(): string {
  const names = Array.from({ length: writerCount }, (_, writer) =>
    Array.from({ length: variablesEach }, (_each, number) => `w${writer}-${number}`),
  ).flat();
  return `- !policy\n  id: race\n  body:\n${['direct', ...names].map((name) => `    - !variable ${name}`).join('\n')}\n`;
}

function victimsOf(event: EventName, node: TargetNode): ReturnType<typeof everythingOf> {
  if (event === 'postmaster') return [postmasterOf(node)].filter((one) => one !== null);
  if (event === 'agent' || event === 'agent-again')
    return [partOf(node, 'agent')].filter((one) => one !== null);
  return everythingOf(node);
}
