import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Random, seededRandom } from '../../../core/random.ts';
import type { TestConsul } from '../consul-agent.ts';
import { startConsulCluster, type TestConsulCluster } from '../consul.ts';
import { registerNomadService, type TestService } from '../nomad-service.ts';
import { type CuttableWay, openCuttableWay } from './cuttable.ts';
import { openSlowClock, type SlowClock } from './slow-clock.ts';
import type { Act } from './trail.ts';
import { openWitness } from './witness.ts';

export interface FaultRun {
  readonly seed: number;
  readonly faults: number;
  /** What the machine may take besides twice the TTL, which is Consul's, until somebody leads after a fault; milliseconds. */
  readonly slackMs: number;
  readonly tell: (line: string) => void;
}

export interface FaultReport {
  /** Promises that were broken, with the round and its fault. */
  readonly broken: readonly string[];
  readonly acts: number;
  readonly leaders: number;
  /** Acts that came too late, and were refused by their token: of whoever was stopped between look and act, or a slow clock. */
  readonly refused: number;
  readonly longestGapMs: number;
}

const ttlMs = 2000;
const taskCount = 5;
const slowRate = 0.8;
const name = 'faults';
/** A raft election, and a server that reads its data again. */
const consulMs = 10_000;

const kinds = [
  'kill',
  'stop',
  'partition',
  'consul leader killed',
  'consul restarted',
  'key deleted',
  'slow clock',
] as const;
type Kind = (typeof kinds)[number];

interface Where {
  readonly dir: string;
  readonly tell: (line: string) => void;
  readonly isOver: () => boolean;
  readonly slow: SlowClock;
}

interface Task {
  readonly name: string;
  readonly service: TestService;
  readonly way: CuttableWay;
  process: ChildProcess;
  isSlow: boolean;
}

/** Five tasks and three servers of Consul, one fault after the other, and a witness that sees what leaders do. */
export async function runFaults({ seed, faults, slackMs, tell }: FaultRun): Promise<FaultReport> {
  const random = seededRandom(seed);
  const dir = mkdtempSync(join(tmpdir(), 'hf-elect-faults-'));
  const consul = await startConsulCluster(3);
  const witness = await openWitness(join(dir, 'witness'));
  const tasks: Task[] = [];
  let isOver = false;
  const slow = openSlowClock(slowRate);
  const where: Where = { dir, tell, isOver: () => isOver, slow };
  const broken: string[] = [];
  let longestGapMs = 0;
  let overlaps = 0;
  const judge = (what: string): void => {
    const { overlapping } = witness.trail;
    if (overlapping.length > overlaps)
      broken.push(`${what}: ${overlapping.length - overlaps} acts of one that led beside another`);
    overlaps = overlapping.length;
  };
  try {
    for (let each = 0; each < taskCount; each += 1) tasks.push(await makeTask(where, consul, each));
    await witness.awaitAct(20_000);
    witness.takeLongestGapMs();
    for (let round = 1; round <= faults; round += 1) {
      const kind = random.pick(kinds);
      const what = `round ${round}, ${kind}`;
      const leader = tasks.find((task) => task.name === witness.trail.acts.at(-1)?.task);
      const victim = leader !== undefined && !random.chance(4) ? leader : random.pick(tasks);
      tell(`${what}: ${victim.name}${victim === leader ? ', the leader' : ''}`);
      await strike(kind, { victim, consul, random, where });
      const bound = boundMs(kind, slackMs);
      try {
        await witness.awaitAct(bound);
      } catch {
        broken.push(`${what}: nobody leads ${bound} ms after all was mended`);
        for (const task of tasks) tell(readFileSync(logOf(where, task), 'utf8').slice(-1500));
        break;
      }
      const gapMs = witness.takeLongestGapMs();
      longestGapMs = Math.max(longestGapMs, gapMs);
      if (gapMs > bound) broken.push(`${what}: nobody led for ${Math.round(gapMs)} ms`);
      judge(what);
    }
  } finally {
    isOver = true;
    await Promise.all(tasks.map(endTask));
    await Promise.all(tasks.map(({ way }) => way.close()));
    await witness.close();
    await consul.stop();
    slow.close();
    rmSync(dir, { recursive: true, force: true });
  }
  judge('after the last round');
  const { acts, refused } = witness.trail;
  const leaders = new Set(acts.map(({ token }) => token)).size;
  const twice = tokensOfTwo(acts);
  if (twice !== null) broken.push(`token ${twice} was used by two tasks`);
  return { broken, acts: acts.length, leaders, refused: refused.length, longestGapMs };
}

/** A token belongs to one leader. */
function tokensOfTwo(acts: readonly Act[]): string | null {
  const owners = new Map<string, string>();
  for (const { token, task } of acts) {
    if ((owners.get(token) ?? task) !== task) return token;
    owners.set(token, task);
  }
  return null;
}

function boundMs(kind: Kind, slackMs: number): number {
  return 2 * ttlMs + slackMs + (kind.startsWith('consul') ? consulMs : 0);
}

async function makeTask(where: Where, consul: TestConsulCluster, index: number): Promise<Task> {
  const agent = consul.servers[index % consul.servers.length];
  if (agent === undefined) throw new Error('no server');
  const service = await registerNomadService(agent.api, { name, checkTtlSeconds: null, port: 5000 + index });
  const way = await openCuttableWay(Number(new URL(agent.address).port));
  const task = { name: `t${index + 1}`, service, way };
  const made = { ...task, process: spawnTask(where, task, false), isSlow: false };
  supervise(made, where);
  return made;
}

const program = fileURLToPath(new URL('witnessed-task.ts', import.meta.url));

function spawnTask(
  where: Where,
  task: Pick<Task, 'name' | 'service' | 'way'>,
  isSlow: boolean,
): ChildProcess {
  const clock = isSlow ? 'slow' : 'right';
  const argv = [process.execPath, program, task.name, join(where.dir, 'witness'), clock];
  const [first = '', ...args] = isSlow ? where.slow.command(argv) : argv;
  const log = openSync(logOf(where, task), 'a');
  const child = spawn(first, args, {
    stdio: ['ignore', 'ignore', log],
    // faketime may run the program as its child: a group of its own is what can be killed and stopped.
    detached: true,
    env: {
      PATH: process.env['PATH'] ?? '',
      CONSUL_HTTP_ADDR: `http://127.0.0.1:${task.way.port}`,
      CONSUL_LEADER_SERVICE_NAME: name,
      CONSUL_LEADER_TTL: `${ttlMs}ms`,
      CONSUL_LEADER_SLEEP: '0.5',
      CONSUL_LEADER_LOG_LEVEL: 'debug',
      NOMAD_ALLOC_ID: task.service.allocId,
    },
  });
  closeSync(log);
  return child;
}

function logOf({ dir }: Where, { name: task }: Pick<Task, 'name'>): string {
  return join(dir, `${task}.log`);
}

/** As Nomad does: a task that ends by itself (no Consul at its start, after its tries) is started again. */
function supervise(task: Task, where: Where): void {
  const started = task.process;
  started.once('exit', (code) => {
    if (task.process !== started || where.isOver()) return;
    const last = readFileSync(logOf(where, task), 'utf8').trimEnd().split('\n').at(-1) ?? '';
    where.tell(`  ${task.name} ended by itself (${code}): ${last}`);
    restart(task, where, task.isSlow);
  });
}

interface Scene {
  readonly victim: Task;
  readonly consul: TestConsulCluster;
  readonly random: Random;
  readonly where: Where;
}

/** Does harm for a while, and mends it. */
async function strike(kind: Kind, { victim, consul, random, where }: Scene): Promise<void> {
  const hurtMs = 200 + random.below(3 * ttlMs);
  switch (kind) {
    case 'kill':
      await endTask(victim);
      await pause(random.below(hurtMs));
      restart(victim, where, false);
      return;
    case 'stop':
      signalTask(victim, 'SIGSTOP');
      await pause(hurtMs);
      signalTask(victim, 'SIGCONT');
      return;
    case 'partition':
      victim.way.cut();
      await pause(hurtMs);
      victim.way.mend();
      return;
    case 'consul leader killed': {
      const leader = (await consul.leader(await anyServer(consul))) ?? consul.first;
      await leader.kill();
      await pause(random.below(1500));
      await leader.start();
      return;
    }
    case 'consul restarted': {
      const server = random.pick(consul.servers);
      await server.stop();
      await server.start();
      return;
    }
    case 'key deleted':
      await (await anyServer(consul)).api.ask('DELETE', `kv/consul-leader/${name}/lock`);
      return;
    case 'slow clock':
      await endTask(victim);
      restart(victim, where, !victim.isSlow);
      return;
  }
}

async function anyServer({ servers }: TestConsulCluster): Promise<TestConsul> {
  const [first] = servers;
  if (first === undefined) throw new Error('no server');
  return first;
}

function restart(task: Task, where: Where, isSlow: boolean): void {
  task.process = spawnTask(where, task, isSlow);
  task.isSlow = isSlow;
  supervise(task, where);
}

function signalTask({ process: { pid } }: Task, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // it has just ended by itself
  }
}

/** kill -9, of the group; nobody starts it again meanwhile. */
async function endTask(task: Task): Promise<void> {
  const ending = task.process;
  const isRunning = ending.exitCode === null && ending.signalCode === null;
  ending.removeAllListeners('exit');
  const ended = isRunning ? once(ending, 'exit') : null;
  signalTask(task, 'SIGKILL');
  await ended;
}
