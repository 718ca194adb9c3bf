import type { ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../test/testing/demo-cluster.ts';
import type { EtcdGateway } from '../../src/coordination/etcd-gateway.ts';
import { createEtcdMembership, type EtcdMembership } from '../../src/coordination/membership.ts';
import { gatewayTo } from '../../src/coordination/testing/etcd-members.ts';
import { postgresOn, send } from '../../src/demo/processes.ts';
import type { RacingCluster } from './cluster.ts';
import type { Contender, EventName } from './contenders.ts';
import { etcdIsWhole } from './etcd-leader.ts';
import { leaderOfWhole, seenMembers, switchover } from './patroni-api.ts';
import { superuser } from './patroni-files.ts';
import { PatroniNode, spawnLogged } from './patroni-node.ts';
import { makePatroniSite, type PatroniSite } from './patroni-site.ts';
import { openSql, type SqlAddress, SqlWriter } from './sql-writer.ts';
import { type Entry, writerCount } from './writers.ts';

const wholeMs = 120_000;

/** Three nodes of Patroni with three members of etcd, behind HAProxy, in a directory of their own. */
export class PatroniCluster implements RacingCluster {
  readonly settlesAfterMs: number;
  readonly #settings: Extract<Contender, { kind: 'patroni' }>;
  #site: PatroniSite | null = null;
  #nodes: readonly PatroniNode[] = [];
  #balancer: ChildProcess | null = null;
  #gateway: EtcdGateway | null = null;
  #writers: readonly SqlWriter[] = [];

  constructor(settings: Extract<Contender, { kind: 'patroni' }>) {
    this.#settings = settings;
    // A leader of etcd begins with every lease prolonged: each has been renewed once after this.
    this.settlesAfterMs = settings.loopWait * 1000 + 1000;
  }

  async start(): Promise<void> {
    const site = await makePatroniSite(this.#settings);
    this.#site = site;
    this.#nodes = site.plan.nodes.map((place) => new PatroniNode(site, place));
    this.#gateway = await gatewayTo(site.members, site.plan.tls);
    this.#writers = Array.from({ length: writerCount }, () => new SqlWriter(this.#address()));
    await Promise.all(this.#nodes.map((node) => node.startEtcd('new')));
    await until(30_000, 'etcd is whole', async () => ((await this.#etcdIsWhole()) ? true : null));
    for (const node of this.#nodes) node.startAgent();
    const argv = ['haproxy', '-db', '-f', join(site.dir, 'haproxy.cfg')];
    this.#balancer = spawnLogged(join(site.dir, 'haproxy.log'), argv, null);
    await this.whole();
    await this.#query(async (sql) => {
      await sql`create table race (writer int, sequence int, primary key (writer, sequence))`;
    });
  }

  async whole(): Promise<string> {
    let last = 'nothing was asked yet';
    const look = async (): Promise<string | null> => {
      if (this.#nodes.some(({ isWhole }) => !isWhole) || !(await this.#etcdIsWhole())) return null;
      try {
        const members = await seenMembers(this.#made.plan);
        last = JSON.stringify(members);
        const leader = leaderOfWhole(members, this.#nodes.length);
        return leader !== null && (await this.#allStream()) ? leader : null;
      } catch (error) {
        last = String(error);
        return null;
      }
    };
    return until(wholeMs, "Patroni's cluster is whole", look).catch((cause: unknown) => {
      throw new Error(`Patroni's cluster did not become whole within ${wholeMs} ms: ${last}`, { cause });
    });
  }

  etcd(): EtcdMembership {
    if (this.#gateway === null) throw new Error('Patroni was not started');
    return createEtcdMembership(this.#gateway);
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

  strike(event: EventName, master: string): Promise<void> {
    if (event === 'switchover') return switchover(this.#made.plan, master);
    return this.#node(master).strike(event);
  }

  async acceptsWrites(name: string): Promise<boolean> {
    const writer = new SqlWriter({ ...this.#address(), port: this.#node(name).place.postgresPort });
    try {
      return await writer.insert({ writer: -1, sequence: Math.floor(performance.now()) });
    } finally {
      writer.close();
    }
  }

  async heal(): Promise<void> {
    for (const node of this.#nodes) {
      await node.startEtcd('resume');
      node.startAgent();
    }
  }

  async stop(): Promise<void> {
    for (const writer of this.#writers) writer.close();
    this.#gateway?.close();
    await Promise.all(this.#nodes.map((node) => node.stop()));
    const pgdata = this.#nodes.map(({ place }) => place.pgdata);
    const gone = async (): Promise<true | null> => {
      const left = await postgresOn(pgdata);
      for (const pid of left) send(pid, 'SIGKILL');
      return left.length === 0 ? true : null;
    };
    await until(20_000, 'PostgreSQL has ended', gone).catch(() => undefined);
    this.#balancer?.kill('SIGKILL');
    if (this.#site === null || process.env['HOLDFAST_KEEP'] !== undefined) return;
    await rm(this.#site.dir, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
  }

  #etcdIsWhole(): Promise<boolean> {
    return etcdIsWhole(this.etcd(), this.#nodes.length).catch(() => false);
  }

  /** Whether all standbys stream, one of them synchronously, as the master's PostgreSQL sees it through the load balancer. */
  async #allStream(): Promise<boolean> {
    const [row] = await this.#query(async (sql) => [
      ...(await sql<{ all: number; synchronous: number }[]>`
        select count(*) filter (where state = 'streaming')::int as all,
               count(*) filter (where sync_state = 'sync')::int as synchronous
        from pg_stat_replication`),
    ]);
    return row?.all === this.#nodes.length - 1 && row.synchronous > 0;
  }

  async #query<T>(work: (sql: ReturnType<typeof openSql>) => Promise<T>): Promise<T> {
    const sql = openSql(this.#address());
    try {
      return await work(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  /** Of the load balancer. */
  #address(): SqlAddress {
    const { balancerPort, password } = this.#made.plan;
    return { port: balancerPort, user: superuser, password };
  }

  get #made(): PatroniSite {
    if (this.#site === null) throw new Error('Patroni was not started');
    return this.#site;
  }

  #node(name: string): PatroniNode {
    const node = this.#nodes.find(({ place }) => place.name === name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }
}
