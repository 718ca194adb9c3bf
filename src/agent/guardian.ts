import type { ApiSettings } from '../core/api-settings.ts';
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Instant, isPast } from '../core/clock.ts';
import { killEveryProcess } from '../instance/kill.ts';
import type { Logger } from '../runtime/log.ts';
import { createLogger } from '../runtime/log.ts';
import { realClock } from '../runtime/real-clock.ts';
import { resolveRunAs } from '../runtime/run-as.ts';
import { EtcdKeeper } from './etcd-keeper.ts';
import type { AgentMessage, GuardianMessage } from './guardian-messages.ts';
import { type NodeLayout, nodeLayout } from './layout.ts';
import { lockDirectory } from './directory-lock.ts';
import { endEarlierAgent, noteAgent } from './earlier-agent.ts';
import { type NodeConfig, readNodeConfig } from './node-config.ts';
import { requireNoHalfRecovery } from './recovery-mark.ts';
import { releaseForDeadAgent } from './release-for-dead-agent.ts';

/*
 * The guardian watches one agent and holds its deadline.
 *
 *   watching    the agent lives and, where it is master, its deadline lies ahead
 *   fencing     the deadline passed, or the agent ended: agent and every PostgreSQL process are killed
 *   releasing   all were seen dead: the term of the dead agent is released
 *   restarting  another agent is started, after a pause that grows
 *   stopping    told to end (SIGTERM, SIGINT): the agent hands over and ends, then etcd, then the guardian
 */

export interface GuardianOptions {
  readonly dir: string;
  readonly apiSettings: ApiSettings;
  /** How many processes serve the API. */
  readonly workers: number;
  readonly logLevel?: string | undefined;
}

const checkMs = 25;
const stopLimitMs = 60_000;
const killLimitMs = 5000;
/** An agent whose turns stand still for this long is killed, whatever its role. */
const agentSilenceMs = 15_000;
const restartPauseMs = 200;
const restartPauseMaxMs = 5000;

/**
 * `holdfast node`: runs the node in `dir` until it is told to stop (SIGTERM, SIGINT). Returns the exit code.
 *
 * @throws Problem as `readNodeConfig` does; `directory_in_use` when another guardian runs this node; `operation_refused`
 * when a recovery of it stopped half-way
 */
export async function runGuardian(options: GuardianOptions): Promise<number> {
  const config = await readNodeConfig(options.dir);
  const log = createLogger({ name: 'guardian', level: options.logLevel ?? config.logLevel }).child({
    node: config.name,
  });
  const layout = nodeLayout(options.dir);
  const lock = await lockDirectory(layout);
  const etcd = new EtcdKeeper({ runAs: resolveRunAs(config.runAs), log });
  const guardian: Guardian = { options, config, layout, log, etcd, stopping: false, stop: () => undefined };
  const onSignal = (): void => {
    guardian.stopping = true;
    guardian.stop();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  try {
    await requireNoHalfRecovery(layout);
    return await watchAgents(guardian);
  } finally {
    await etcd.stop();
    await lock.release();
  }
}

interface Guardian {
  readonly options: GuardianOptions;
  readonly config: NodeConfig;
  readonly layout: NodeLayout;
  readonly log: Logger;
  readonly etcd: EtcdKeeper;
  stopping: boolean;
  /** Tells the running agent to stop. */
  stop: () => void;
}

async function watchAgents(guardian: Guardian): Promise<number> {
  let pauseMs = restartPauseMs;
  for (;;) {
    const startedAt = performance.now();
    await endEarlierAgent(guardian.layout, guardian.log);
    const end = await watchOneAgent(guardian);
    await fence(guardian);
    if (guardian.stopping) return end.code === 0 ? 0 : 1;
    guardian.log.warn(
      { code: end.code, signal: end.signal },
      'the agent ended: fenced, releasing, starting another',
    );
    if (end.bootId !== null)
      await releaseForDeadAgent(guardian.config, guardian.layout, end.bootId, guardian.log);
    pauseMs =
      performance.now() - startedAt > 30_000 ? restartPauseMs : Math.min(pauseMs * 2, restartPauseMaxMs);
    await sleep(pauseMs);
    if (guardian.stopping) return 0;
  }
}

interface AgentEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The life whose leader key may be left; null when it never said. */
  readonly bootId: string | null;
}

async function watchOneAgent(guardian: Guardian): Promise<AgentEnd> {
  const child = startAgent(guardian);
  if (child.pid !== undefined) noteAgent(guardian.layout, child.pid);
  let deadline: Instant | null = null;
  const silence = new Silence();
  let bootId: string | null = null;
  const send = (message: GuardianMessage): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  child.on('error', (error) => guardian.log.error({ err: error }, 'the agent could not be started'));
  child.on('message', (message: AgentMessage) => {
    silence.heard();
    if (message.kind === 'boot') bootId = message.bootId;
    if (message.kind === 'ping') send({ kind: 'acknowledged', seq: message.seq });
    if (message.kind === 'etcd-start') guardian.etcd.start(message.settings, send);
    if (message.kind === 'etcd-stop') void guardian.etcd.stop();
    if (message.kind === 'authority') {
      deadline = message.until;
      send({ kind: 'acknowledged', seq: message.seq });
    }
  });
  const timer = setInterval(() => {
    const late = deadline !== null && isPast(deadline, realClock.now());
    if (!late && !silence.tooLong()) return;
    guardian.log.error(late ? 'the agent let its deadline pass: killing it' : 'the agent hangs: killing it');
    deadline = null;
    child.kill('SIGKILL');
    void fence(guardian);
  }, checkMs);
  const killer = stopOnRequest(guardian, child, send);
  try {
    const { code, signal } = await endOf(child);
    return { code, signal, bootId };
  } finally {
    clearInterval(timer);
    clearTimeout(killer.timer);
    guardian.stop = () => undefined;
  }
}

/** Resolves when the child has ended, or could not be started at all. */
function endOf(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly signal: string | null }> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => {
      if (child.pid === undefined) resolve({ code: null, signal: null });
    });
  });
}

/** How long nothing was heard of the agent, by a clock that stands still while this process does. */
class Silence {
  #ms = 0;
  #lookedAt = performance.now();

  heard(): void {
    this.#ms = 0;
  }

  tooLong(): boolean {
    const now = performance.now();
    // A long gap between two looks is our own stop: what the agent said meanwhile waits to be read.
    this.#ms += Math.min(now - this.#lookedAt, 10 * checkMs);
    this.#lookedAt = now;
    return this.#ms > agentSilenceMs;
  }
}

function startAgent(guardian: Guardian): ChildProcess {
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const entry = fileURLToPath(new URL(`./main.${suffix}`, import.meta.url));
  const { dir, logLevel, apiSettings, workers } = guardian.options;
  const settings = ['--api-settings', JSON.stringify(apiSettings), '--workers', String(workers)];
  const args = [
    entry,
    '--dir',
    dir,
    ...settings,
    ...(logLevel === undefined ? [] : ['--log-level', logLevel]),
  ];
  // It outlives the guardian on purpose: when the guardian dies, the agent fences and releases in its place.
  return spawn(process.execPath, ['--max-semi-space-size=2', '--max-old-space-size=256', ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

function stopOnRequest(
  guardian: Guardian,
  child: ChildProcess,
  send: (message: GuardianMessage) => void,
): { timer: NodeJS.Timeout | undefined } {
  const killer: { timer: NodeJS.Timeout | undefined } = { timer: undefined };
  guardian.stop = () => {
    guardian.log.info('stopping');
    send({ kind: 'stop' });
    killer.timer ??= setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
  };
  if (guardian.stopping) guardian.stop();
  return killer;
}

/** Kills every PostgreSQL process of the node, found by its working directory, and waits until they are seen dead. */
async function fence(guardian: Guardian): Promise<void> {
  const { instances } = guardian.layout;
  for (;;) {
    const results = await Promise.all(
      [instances.data, instances.audit].map((dir) =>
        killEveryProcess({ dir, postmaster: null }, { timeoutMs: killLimitMs }),
      ),
    );
    if (results.every((result) => result.dead)) return;
    guardian.log.error('a PostgreSQL process outlives its kill: nothing is released');
  }
}
