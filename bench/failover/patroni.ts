import { type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freeBase, until } from '../../test/testing/demo-cluster.ts';
import type { EtcdGateway } from '../../src/coordination/etcd-gateway.ts';
import type { EtcdProcess } from '../../src/coordination/etcd-server.ts';
import { createEtcdMembership, type EtcdMembership } from '../../src/coordination/membership.ts';
import { makeTestCa } from '../../src/coordination/testing/certificates.ts';
import {
  gatewayTo,
  killMember,
  memberSettings,
  startMember,
  type TestMember,
} from '../../src/coordination/testing/etcd-members.ts';
import { postgresOn, send } from '../../src/demo/processes.ts';
import { areGone, signalAll } from '../../src/drill/faults/processes.ts';
import { findPostgres } from '../../src/instance/binaries.ts';
import { spawnDependent } from '../../src/runtime/dependent-child.ts';
import { makeDirectory, writeFileAtomically } from '../../src/runtime/files.ts';
import { identify } from '../../src/runtime/process-facts.ts';
import { resolveRunAs } from '../../src/runtime/run-as.ts';
import type { RacingCluster } from './cluster.ts';
import type { Contender, EventName } from './contenders.ts';
import { etcdIsWhole } from './etcd-leader.ts';
import {
  balancerConfiguration,
  patroniConfiguration,
  type PatroniNode,
  type PatroniPlan,
  superuser,
} from './patroni-files.ts';
import { openSql, SqlWriter } from './sql-writer.ts';
import { type Entry, writerCount } from './writers.ts';

const names = ['p1', 'p2', 'p3'];
const wholeMs = 240_000;
/** RestartSec of systemd where a unit says nothing, as Patroni's in Debian. */
const restartMs = 100;
const searchPath = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;

/** What runs of one node. Null: it was killed, and not started again yet. */
interface Life {
  readonly node: PatroniNode;
  readonly member: TestMember;
  agent: ChildProcess | null;
  etcd: EtcdProcess | null;
}

/** Three nodes of Patroni with three members of etcd, behind HAProxy, in a directory of their own. */
export class PatroniCluster implements RacingCluster {
  readonly settlesAfterMs: number;
  readonly #settings: Extract<Contender, { kind: 'patroni' }>;
  readonly #user = resolveRunAs('postgres');
  #dir: string | null = null;
  #plan: PatroniPlan | null = null;
  #lives: readonly Life[] = [];
  #balancer: ChildProcess | null = null;
  #gateway: EtcdGateway | null = null;
  #membership: EtcdMembership | null = null;
  #writers: readonly SqlWriter[] = [];
  #stopping = false;

  constructor(settings: Extract<Contender, { kind: 'patroni' }>) {
    this.#settings = settings;
    // A leader of etcd begins with every lease prolonged: each has been renewed once after this.
    this.settlesAfterMs = settings.loopWait * 1000 + 1000;
  }

  async start(): Promise<void> {
    const plan = await this.#prepare();
    await Promise.all(this.#lives.map((life) => this.#startEtcd(life, 'new')));
    await until(30_000, 'etcd is whole', async () =>
      (await etcdIsWhole(this.etcd(), names.length).catch(() => false)) ? true : null,
    );
    for (const life of this.#lives) this.#startAgent(life);
    this.#balancer = this.#spawn('haproxy', ['haproxy', '-db', '-f', this.#path('haproxy.cfg')], false);
    await this.whole();
    const sql = openSql({ port: plan.balancerPort, user: superuser, password: plan.password });
    try {
      await sql`create table race (writer int, sequence int, primary key (writer, sequence))`;
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  async whole(): Promise<string> {
    let last: unknown = null;
    const look = async (): Promise<string | null> => {
      if (this.#lives.some(({ agent, etcd }) => agent === null || etcd === null)) return null;
      try {
        if (!(await etcdIsWhole(this.etcd(), names.length))) return null;
        const seen = await this.#clusterSeen();
        last = seen;
        const leader = seen.find(({ role }) => role === 'leader');
        const follow = seen.filter(({ role, lag }) => role !== 'leader' && lag === 0);
        const isGood =
          follow.length === names.length - 1 &&
          seen.every(({ state }) => state === 'running' || state === 'streaming') &&
          seen.some(({ role }) => role === 'sync_standby');
        return leader !== undefined && isGood && (await this.#streaming()) === names.length - 1
          ? leader.name
          : null;
      } catch (error) {
        last = error;
        return null;
      }
    };
    return until(wholeMs, `Patroni's cluster is whole`, look).catch((cause: unknown) => {
      throw new Error(`Patroni's cluster did not become whole: ${JSON.stringify(last)}`, { cause });
    });
  }

  etcd(): EtcdMembership {
    if (this.#membership === null) throw new Error('Patroni was not started');
    return this.#membership;
  }

  async write(entry: Entry): Promise<boolean> {
    return this.#writers[entry.writer]?.insert(entry) ?? false;
  }

  async lost(acknowledged: readonly Entry[]): Promise<number> {
    const key = ({ writer, sequence }: Entry): string => `${writer}/${sequence}`;
    const rows = await this.#query(async (sql) => [
      ...(await sql<Entry[]>`select writer, sequence from race`),
    ]);
    const found = new Set(rows.map(key));
    return acknowledged.filter((entry) => !found.has(key(entry))).length;
  }

  async strike(event: EventName, master: string): Promise<void> {
    const life = this.#life(master);
    if (event === 'switchover') return this.#switchover(master);
    const pids = await this.#victims(event, life);
    const victims = pids.map((pid) => identify(pid)).filter((one) => one !== null);
    signalAll(victims, 'SIGKILL');
    if (victims.length === 0 || !(await areGone(victims))) throw new Error(`${event}: nothing was killed`);
    if (event !== 'postmaster') life.agent = null;
    if (event === 'agent-again') {
      await sleep(restartMs);
      if (!this.#stopping) this.#startAgent(life);
    }
    if (event === 'node-etcd-on' || event === 'node-etcd-off') life.etcd = null;
  }

  async acceptsWrites(node: string): Promise<boolean> {
    const writer = new SqlWriter({ ...this.#login(), port: this.#life(node).node.postgresPort });
    const number = Math.floor(performance.now());
    const accepted = await writer.insert({ writer: -1, sequence: number }, 1000);
    writer.close();
    return accepted;
  }

  async heal(): Promise<void> {
    for (const life of this.#lives) {
      if (this.#stopping) return;
      if (life.etcd === null) await this.#startEtcd(life, 'resume');
      if (life.agent === null) this.#startAgent(life);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const writer of this.#writers) writer.close();
    this.#gateway?.close();
    for (const { agent } of this.#lives) agent?.kill('SIGKILL');
    const pgdata = this.#lives.map(({ node }) => node.pgdata);
    const gone = async (): Promise<true | null> => {
      const left = await postgresOn(pgdata);
      for (const pid of left) send(pid, 'SIGKILL');
      return left.length === 0 ? true : null;
    };
    await until(20_000, 'PostgreSQL has ended', gone).catch(() => undefined);
    await Promise.all(this.#lives.flatMap(({ etcd }) => (etcd === null ? [] : [killMember(etcd)])));
    this.#balancer?.kill('SIGKILL');
    if (this.#dir !== null && process.env['HOLDFAST_KEEP'] === undefined) {
      await rm(this.#dir, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  /** Directories, certificates and files; nothing runs yet. */
  async #prepare(): Promise<PatroniPlan> {
    const user = this.#user;
    this.#dir = await mkdtemp(join(tmpdir(), 'hf-race-patroni-'));
    await chmod(this.#dir, 0o711); // PostgreSQL and etcd pass through as another user
    const base = await freeBase();
    const members = names.map((name, at) => memberAt(name, base + 20 + 2 * at));
    await makeDirectory(this.#path('etcd'), 0o711);
    const ca = await makeTestCa(this.#dir, 'ca');
    const tls = await ca.issue('race');
    if (user !== null) await chown(tls.keyFile, user.uid, user.gid);
    await Promise.all([tls.caFile, tls.certFile].map((file) => chmod(file, 0o644)));
    const nodes = names.map((name, at) => ({
      name,
      restPort: base + 10 + at,
      postgresPort: base + 13 + at,
      pgdata: this.#path(name, 'pgdata'),
    }));
    const { binDir } = await findPostgres(null);
    const plan: PatroniPlan = {
      settings: this.#settings,
      nodes,
      balancerPort: base,
      etcd: members.map(({ endpoint }) => endpoint),
      tls,
      binDir,
      password: randomBytes(16).toString('hex'),
    };
    for (const node of nodes) {
      await makeDirectory(this.#path(node.name), 0o700, user);
      const text = patroniConfiguration(plan, node);
      await writeFileAtomically(this.#path(node.name, 'patroni.yml'), text, { mode: 0o600, owner: user });
    }
    await writeFileAtomically(this.#path('haproxy.cfg'), balancerConfiguration(plan), { mode: 0o644 });
    this.#gateway = await gatewayTo(members, tls);
    this.#membership = createEtcdMembership(this.#gateway);
    this.#lives = members.map((member, at) => ({ node: nodeAt(nodes, at), member, agent: null, etcd: null }));
    this.#plan = plan;
    this.#writers = Array.from({ length: writerCount }, () => new SqlWriter(this.#login()));
    return plan;
  }

  async #startEtcd(life: Life, start: 'new' | 'resume'): Promise<void> {
    const all = this.#lives.map(({ member }) => member);
    const settings = memberSettings(this.#path('etcd'), life.member, all, this.#made.tls, start);
    life.etcd = await startMember(settings, this.#user);
  }

  #startAgent(life: Life): void {
    const argv = ['patroni', this.#path(life.node.name, 'patroni.yml')];
    life.agent = this.#spawn(life.node.name, argv, true);
  }

  #spawn(name: string, argv: readonly string[], unprivileged: boolean): ChildProcess {
    const log = openSync(this.#path(`${name}.log`), 'a', 0o600);
    const child = spawnDependent(argv, {
      runAs: unprivileged ? this.#user : null,
      env: { PATH: searchPath },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.once('error', () => undefined); // seen by what it does not do
    return child;
  }

  async #victims(event: EventName, { node, agent, etcd }: Life): Promise<readonly number[]> {
    if (event === 'agent' || event === 'agent-again') return [agent?.pid ?? 0];
    if (event !== 'postmaster')
      return [agent?.pid ?? 0, etcd?.pid ?? 0, ...(await postgresOn([node.pgdata]))];
    const text = await readFile(join(node.pgdata, 'postmaster.pid'), 'utf8');
    return [Number(text.split('\n')[0])];
  }

  /** What `patronictl switchover` asks for, without the start of a Python. */
  async #switchover(leader: string): Promise<void> {
    const { restPort } = this.#life(leader).node;
    const credentials = Buffer.from(`race:${this.#made.password}`).toString('base64');
    const answer = await fetch(`http://127.0.0.1:${restPort}/switchover`, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/json' },
      body: JSON.stringify({ leader }),
      signal: AbortSignal.timeout(120_000),
    }).catch(() => null);
    // The old leader's API may end before it answers; who leads now is asked when the cluster is whole.
    if (answer !== null && !answer.ok) throw new Error(`switchover: ${answer.status} ${await answer.text()}`);
  }

  async #clusterSeen(): Promise<readonly SeenMember[]> {
    const asked = this.#made.nodes.map(async ({ restPort }) => {
      const answer = await fetch(`http://127.0.0.1:${restPort}/cluster`, {
        signal: AbortSignal.timeout(3000),
      });
      const { members }: { readonly members?: readonly SeenMember[] } = JSON.parse(await answer.text());
      return members ?? [];
    });
    return Promise.any(asked);
  }

  /** How many standbys stream, one of them synchronously, as the master's PostgreSQL sees them. */
  async #streaming(): Promise<number> {
    const [row] = await this.#query(async (sql) => [
      ...(await sql<{ count: number; sync: number }[]>`
        select count(*) filter (where state = 'streaming')::int as count,
               count(*) filter (where sync_state = 'sync')::int as sync
        from pg_stat_replication`),
    ]);
    return row === undefined || row.sync === 0 ? 0 : row.count;
  }

  async #query<T>(work: (sql: ReturnType<typeof openSql>) => Promise<T>): Promise<T> {
    const sql = openSql(this.#login());
    try {
      return await work(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  #login(): { readonly port: number; readonly user: string; readonly password: string } {
    const { balancerPort, password } = this.#made;
    return { port: balancerPort, user: superuser, password };
  }

  get #made(): PatroniPlan {
    if (this.#plan === null) throw new Error('Patroni was not started');
    return this.#plan;
  }

  #life(name: string): Life {
    const life = this.#lives.find(({ node }) => node.name === name);
    if (life === undefined) throw new Error(`no node ${name}`);
    return life;
  }

  #path(...parts: readonly string[]): string {
    return join(this.#dir ?? '', ...parts);
  }
}

interface SeenMember {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly lag?: number | string;
}

function memberAt(name: string, port: number): TestMember {
  return {
    name,
    clientUrl: `https://127.0.0.1:${port}`,
    peerUrl: `https://127.0.0.1:${port + 1}`,
    endpoint: `127.0.0.1:${port}`,
  };
}

function nodeAt(nodes: readonly PatroniNode[], at: number): PatroniNode {
  const node = nodes[at];
  if (node === undefined) throw new Error(`no node ${at}`);
  return node;
}
