import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeLayout } from '../src/agent/layout.ts';
import type { TargetNode } from '../src/drill/target.ts';
import { runCommandOk } from '../src/runtime/run-command.ts';
import { openClient } from '../src/store/connection.ts';
import { ApiClient } from '../test/testing/api-client.ts';
import { DemoCluster, until } from '../test/testing/demo-cluster.ts';
import { type Figure, median, type Sizes } from './figure.ts';
import { cpuMsOf, nodeMemoryMb, type Sums } from './node-processes.ts';
import { type Paced, paced } from './paced.ts';

const master = 'n1';
const variables = 100;
const waitMs = 120_000;
/** Followers connect, and ask once what they keep afterwards. */
const warmUpSeconds = 3;

interface Turns {
  readonly rounds: number;
  readonly seconds: number;
  /** Reads a second, of all followers together. */
  readonly rate: number;
}

/** The master's processor time for reads that its followers answer: audit records come in, and the log goes out. */
export async function run(rounds: number, seconds: number, sizes: Sizes): Promise<Figure> {
  const root = new URL('../', import.meta.url).pathname;
  await runCommandOk([join(root, 'node_modules/.bin/tsc'), '-b'], { timeoutMs: 300_000, cwd: root });
  const results: Awaited<ReturnType<typeof measure>>[] = [];
  for (const followers of sizes.followers)
    results.push(await measure(followers, { rounds, seconds, rate: sizes.rate }));
  return {
    name: 'fanout',
    unit: `CPU ms of the master per 1000 reads of ${sizes.followers.at(-1)} followers`,
    ours: results.at(-1)?.msPer1000Reads ?? Number.NaN,
    reference: null,
    ratio: null,
    goal: 'a read costs the master its audit row and nothing else, with however many followers',
    details: { rate: sizes.rate, counts: results },
  };
}

async function measure(followers: number, turns: Turns) {
  const demo = await DemoCluster.start([
    ...['--standbys', '0', '--respawn', 'off'],
    ...['--followers', String(followers)],
  ]);
  const clients: ApiClient[] = [];
  try {
    await streaming(demo);
    const read = await readers(demo, clients);
    const first = await paced(turns.rate, warmUpSeconds, read);
    let [reads, done] = [first.answers, await rowsOfFollowers(demo, first.answers)];
    const rounds: Round[] = [];
    for (let round = 0; round < turns.rounds; round += 1) {
      const idle = await spent(demo, () => sleep(turns.seconds * 1000));
      const loads: Paced[] = [];
      const busy = await spent(demo, async () => {
        const load = await paced(turns.rate, turns.seconds, read);
        loads.push(load);
        reads += load.answers;
        done = await rowsOfFollowers(demo, reads);
      });
      const [load = first] = loads;
      rounds.push(roundOf(idle, busy, load, turns.seconds));
    }
    return {
      followers,
      ...middleOf(rounds),
      rows: { reads, atTheMaster: done },
      rssPeakMb: {
        master: nodeMemoryMb(targetOf(demo, master)),
        follower: nodeMemoryMb(targetOf(demo, 'f1')),
      },
      rounds,
    };
  } finally {
    for (const client of clients) client.close();
    await demo.stop();
  }
}

interface Round {
  /** Of the master's node at rest, its etcd member not counted, which is on other nodes too in a cluster with standbys. */
  readonly idleMsPerSecond: number;
  /** What the load came to above that, also counted when its last records arrived late. */
  readonly msPerSecond: number;
  readonly msPer1000Reads: number;
  /** As `idleMsPerSecond` and `msPerSecond`, of each program. */
  readonly byProgram: Readonly<Record<string, readonly [number, number]>>;
  readonly load: Paced;
}

function roundOf(idle: Spent, busy: Spent, load: Paced, seconds: number): Round {
  const names = Object.keys(busy.ms);
  const rest = (name: string): number => (idle.ms[name] ?? 0) / idle.seconds;
  const extra = (name: string): number => (busy.ms[name] ?? 0) - rest(name) * busy.seconds;
  const sum = (of: (name: string) => number): number =>
    names.filter((name) => name !== 'etcd').reduce((total, name) => total + of(name), 0);
  return {
    idleMsPerSecond: tenths(sum(rest)),
    msPerSecond: tenths(sum(extra) / seconds),
    msPer1000Reads: tenths((sum(extra) * 1000) / load.answers),
    byProgram: Object.fromEntries(
      names.map((name) => [name, [tenths(rest(name)), tenths(extra(name) / seconds)]]),
    ),
    load,
  };
}

function middleOf(
  rounds: readonly Round[],
): Pick<Round, 'idleMsPerSecond' | 'msPerSecond' | 'msPer1000Reads'> {
  return {
    idleMsPerSecond: median(rounds.map((round) => round.idleMsPerSecond)),
    msPerSecond: median(rounds.map((round) => round.msPerSecond)),
    msPer1000Reads: median(rounds.map((round) => round.msPer1000Reads)),
  };
}

interface Spent {
  readonly ms: Sums;
  readonly seconds: number;
}

/** The processor time of the master's node during `work`. */
async function spent(demo: DemoCluster, work: () => Promise<unknown>): Promise<Spent> {
  const node = targetOf(demo, master);
  const [before, begun] = [cpuMsOf(node), performance.now()];
  await work();
  const seconds = (performance.now() - begun) / 1000;
  const ms = Object.entries(cpuMsOf(node)).map(([name, sum]) => [name, sum - (before[name] ?? 0)]);
  return { ms: Object.fromEntries(ms), seconds };
}

async function streaming(demo: DemoCluster): Promise<void> {
  await until(waitMs, 'all followers stream', async () => {
    const status = await demo.status().catch(() => null);
    const others = status?.nodes.filter(({ name }) => name !== status.master) ?? [];
    return others.length > 0 && others.every((node) => node.streaming) ? true : null;
  });
}

/** Variables with values, and what reads them at each follower in turn. */
async function readers(
  demo: DemoCluster,
  clients: ApiClient[],
): Promise<(number: number) => Promise<boolean>> {
  const { nodes, account, api } = demo.file;
  const writer = await until(waitMs, 'a client is let in', () => demo.client().catch(() => null));
  clients.push(writer);
  const names = Array.from({ length: variables }, (_, index) => `fanout-${index}`);
  const loaded = await writer.loadPolicy(names.map((name) => `- !variable ${name}\n`).join(''));
  if (loaded.status !== 201) throw new Error(`the policy load answered ${loaded.status}`);
  for (const name of names) await writer.write(name, `value of ${name}`);
  const opened = nodes
    .filter(({ role }) => role === 'follower')
    .map((node) => new ApiClient({ url: node.api, caFile: api.caFile, account }));
  clients.push(...opened);
  for (const reader of opened) {
    reader.useTokenOf(writer);
    await until(waitMs, 'a follower has the last value', async () => {
      const answer = await reader.read(names.at(-1) ?? '').catch(() => null);
      return answer?.status === 200 ? true : null;
    });
  }
  return async (number) => {
    const reader = opened[number % opened.length];
    const answer = await reader?.read(names[Math.floor(number / opened.length) % variables] ?? '');
    return answer?.status === 200;
  };
}

/** How many records of followers the master has, once they are as many as `reads`. */
async function rowsOfFollowers(demo: DemoCluster, reads: number): Promise<number> {
  const { audit } = demo.node(master).postgres;
  const { sockets: socketDir } = nodeLayout(demo.nodeDir(master));
  const sql = openClient({ socketDir, port: audit.port }, { name: 'bench' });
  try {
    return await until(waitMs, `the master has ${reads} records of its followers`, async () => {
      const [row] = await sql<{ rows: number }[]>`
        select coalesce(sum(seq), 0)::int as rows from chains where node <> ${master}`;
      return row !== undefined && row.rows >= reads ? row.rows : null;
    });
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function targetOf(demo: DemoCluster, name: string): TargetNode {
  const { api, dataDir, processGroup } = demo.node(name);
  return {
    name,
    dir: demo.nodeDir(name),
    api: { url: api, ca: '' },
    processGroup,
    dataDir,
    disk: null,
    clock: null,
  };
}

function tenths(value: number): number {
  return Number(value.toFixed(1));
}
