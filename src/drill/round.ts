import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterClient } from '../agent/cluster-client.ts';
import type { ClusterStatus } from '../agent/operations.ts';
import type { FaultSpan, History, Way } from '../core/drill/history.ts';
import type { Random } from '../core/random.ts';
import { type ClientSetting, read, write, Written } from './clients/clients.ts';
import { RoundLog } from './clients/log.ts';
import { Session } from './clients/session.ts';
import { watchNode } from './clients/sightings.ts';
import type { DrillClock } from './clock.ts';
import type { Fault, Scene } from './faults/fault.ts';
import { readFinal } from './final.ts';
import { login, type RoundPolicy, tokenFrom } from './policy.ts';
import type { Endpoint, Target, TargetNode } from './target.ts';
import { isWhole } from './whole.ts';

/** What a round is given. */
export interface DrillSetting {
  readonly target: Target;
  readonly cluster: ClusterClient;
  readonly clock: DrillClock;
  /** What the fault leaves to chance. */
  readonly random: Random;
  readonly onStep: (sentence: string) => void;
  readonly signal: AbortSignal;
}

/** Between two requests of a client. Milliseconds. */
const writePauseMs = 15;
const readPauseMs = 30;
const directPauseMs = 100;
const requestMs = 4000;
const directMs = 1500;
/** Writes before the fault: what is measured must be running. */
const warmWrites = 40;
const warmMs = 15_000;
/** By then somebody has noticed every fault: a dead master's ttl has run out. */
const noticeTtls = 2;
/** From then until the cluster must be whole. A copy of a small database takes some seconds. */
const healMs = 120_000;

/**
 * One round: clients write and read, the fault is made and undone, the cluster heals, and what stands in the end is read.
 * Whatever happens in between, the fault is undone before this returns.
 *
 * @returns null when the signal ended it: half a round proves nothing
 */
export async function runRound(
  setting: DrillSetting,
  fault: Fault,
  status: ClusterStatus,
  policy: RoundPolicy,
): Promise<History | null> {
  const { target, cluster, clock, signal } = setting;
  const log = new RoundLog();
  const over = new AbortController();
  const nodes = await target.nodes();
  const clients = await startClients(setting, { log, nodes, status, policy, signal: over.signal });
  const watching = watchRedundancy(cluster, clock, log, over.signal);
  try {
    await log.until(
      () => log.acknowledged('balancer', 0) >= warmWrites,
      AbortSignal.any([signal, AbortSignal.timeout(warmMs)]),
    );
    if (signal.aborted) return null;
    const scene: Scene = {
      target,
      cluster,
      status,
      log,
      clients: { clock, token: clients.token, written: clients.written, keys: policy.ownKeys },
      random: setting.random,
      signal,
    };
    const { span, acceptedLoss } = await strike(setting, fault, scene);
    setting.onStep(`${fault.name}: over; waiting until the cluster is whole`);
    // Before anybody can have noticed the fault the cluster still says that it is whole.
    const noticedAt = span.endedAt + noticeTtls * status.ttlMs;
    await sleep(noticedAt - clock(), undefined, { signal }).catch(() => undefined);
    await log.until(
      () => log.acknowledged('balancer', noticedAt) > 0 && isWholeNow(log),
      AbortSignal.any([signal, AbortSignal.timeout(healMs)]),
    );
    over.abort();
    await Promise.all([clients.ended, watching]);
    if (signal.aborted) return null;
    const { final, kept } = await readFinal(setting, log, clients.token);
    const { operations, sightings, redundancy } = log;
    return { span, acceptedLoss, operations, sightings, redundancy, final, kept };
  } finally {
    over.abort();
    await Promise.all([clients.ended, watching]);
    clients.close();
  }
}

async function strike(
  setting: DrillSetting,
  fault: Fault,
  scene: Scene,
): Promise<Pick<History, 'span' | 'acceptedLoss'>> {
  const { clock, signal } = setting;
  const beganAt = clock();
  const struck = await fault.strike(scene);
  try {
    const tookEffect = await struck.takesEffect();
    const inEffectAt = tookEffect ? clock() : null;
    const lastsMs = Math.max(fault.lastsTtls * scene.status.ttlMs, fault.lastsMs ?? 0);
    setting.onStep(
      `${fault.name}: ${tookEffect ? 'in effect' : 'without effect'} on ${struck.targets.join(', ')}`,
    );
    if (tookEffect && lastsMs > 0) await sleep(lastsMs, undefined, { signal }).catch(() => undefined);
    await struck.undo();
    const endedAt = clock();
    const hadEffect = (await struck.hadEffect?.()) ?? true;
    const span: FaultSpan = {
      fault: fault.name,
      targets: struck.targets,
      master: scene.status.master ?? '',
      keepsMaster: fault.keepsMaster ?? struck.keepsMaster ?? false,
      beganAt,
      inEffectAt: hadEffect ? inEffectAt : null,
      endedAt,
    };
    return { span, acceptedLoss: struck.acceptedLoss?.() ?? null };
  } finally {
    await struck.undo();
  }
}

function isWholeNow(log: RoundLog): boolean {
  return log.redundancy.at(-1)?.whole === true;
}

interface Clients {
  readonly ended: Promise<unknown>;
  readonly token: string;
  readonly written: Written;
  readonly close: () => void;
}

async function startClients(
  { target, clock }: DrillSetting,
  {
    log,
    nodes,
    status,
    policy,
    signal,
  }: {
    readonly log: RoundLog;
    readonly nodes: readonly TargetNode[];
    readonly status: ClusterStatus;
    readonly policy: RoundPolicy;
    readonly signal: AbortSignal;
  },
): Promise<Clients> {
  const token = await login(target);
  const sessions: Session[] = [];
  let client = 0;
  const setting = (endpoint: Endpoint, way: Way, pauseMs: number, timeoutMs: number): ClientSetting => {
    const session = new Session(endpoint);
    session.useToken(token);
    // Nodes whose clocks differ refuse each other's tokens as too old or too new.
    session.renewWith(() => tokenFrom(target, endpoint));
    sessions.push(session);
    client += 1;
    return { client, clock, log, session, way, account: target.account, pauseMs, timeoutMs, signal };
  };
  const written = new Written();
  const work: Promise<void>[] = [];
  for (const keys of policy.balancerKeys) {
    const own = setting(target.balancer, { kind: 'balancer' }, writePauseMs, requestMs);
    work.push(write(own, keys, written));
  }
  if (target.followers !== null)
    work.push(read(setting(target.followers, { kind: 'followers' }, readPauseMs, requestMs), written));
  work.push(read(setting(target.balancer, { kind: 'balancer' }, readPauseMs, requestMs), written));
  for (const node of nodes) {
    const way = { kind: 'node', node: node.name } as const;
    work.push(read(setting(node.api, way, directPauseMs, directMs), written));
    const follows = status.nodes.find(({ name }) => name === node.name)?.kind === 'follower';
    if (!follows) {
      work.push(
        write(setting(node.api, way, directPauseMs, directMs), policy.nodeKeys.get(node.name) ?? [], written),
      );
    }
    const session = new Session(node.api);
    sessions.push(session);
    work.push(watchNode({ clock, log, session, signal }, node.name));
  }
  return {
    ended: Promise.all(work),
    token,
    written,
    close: () => {
      for (const session of sessions) session.close();
    },
  };
}

async function watchRedundancy(
  cluster: ClusterClient,
  clock: DrillClock,
  log: RoundLog,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await cluster.watchStatus((status) => log.tell({ at: clock(), whole: isWhole(status) }), signal);
    } catch {
      log.tell({ at: clock(), whole: false }); // etcd does not answer at all
      await sleep(500, undefined, { signal }).catch(() => undefined);
    }
  }
}
