import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describeError, isProblem, Problem } from '../../core/problem.ts';
import { spawnDependent } from '../../runtime/dependent-child.ts';
import { delayPlan } from './delay-plan.ts';
import { hubExists, inHub, loadRules, runInHub, toolPath } from './hub.ts';
import type { NetworkFault } from './network-fault.ts';

/** How long the relay may take to be ready, and to be gone. Milliseconds. */
const readyMs = 10_000;
const goneMs = 5_000;

/** The program, beside this file as it was built (or as it is written, under type stripping). */
const relayFile = fileURLToPath(
  new URL(`delay-relay${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

export interface Delay {
  readonly hub: string;
  readonly bridge: string;
  readonly node: string;
  readonly delayMs: number;
}

/** Everything that a node sends arrives later. @throws Problem `argument_invalid` */
export function delayFault(title: string, { hub, bridge, node, delayMs }: Delay): NetworkFault {
  const plan = delayPlan(node, delayMs, bridge, ['node', basename(relayFile)]);
  let relay: Relay | null = null;
  const undo = async (): Promise<void> => {
    if (hubExists(hub)) await loadRules(hub, plan.undo); // first: nothing may be sent where nobody is
    await relay?.stop();
    relay = null;
  };
  return {
    title,
    obstacle: () => obstacleOf(hub),
    apply: async () => {
      await undo();
      try {
        relay = await startRelay(hub, plan.socat);
        for (const argv of plan.attach) await runInHub(hub, argv);
        await loadRules(hub, plan.apply);
      } catch (error) {
        await undo();
        throw error;
      }
    },
    isInEffect: async () => relay !== null && relay.isPassing(),
    undo,
  };
}

async function obstacleOf(hub: string): Promise<string | null> {
  if (!existsSync('/dev/net/tun')) return 'This machine has no /dev/net/tun (the kernel module tun).';
  try {
    await runInHub(hub, ['nft', 'list', 'tables']);
    await runInHub(hub, ['socat', '-V']);
    return null;
  } catch (error) {
    if (isProblem(error)) return describeError(error);
    throw error;
  }
}

interface Relay {
  /** Whether it lives and has given a packet back. */
  readonly isPassing: () => boolean;
  readonly stop: () => Promise<void>;
}

/** @throws Problem `command_failed` with its last words, `command_timeout` */
async function startRelay(hub: string, socat: readonly string[]): Promise<Relay> {
  const child = spawnDependent([...inHub(hub), ...socat], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: dirname(relayFile),
    env: { PATH: `${dirname(process.execPath)}:${toolPath()}` },
  });
  const stop = (): Promise<void> => end(child);
  try {
    const heard = await listen(child);
    return { isPassing: () => isAlive(child) && heard.has('passing'), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for its first word. @returns all that it says, from then on too */
async function listen(child: ChildProcess): Promise<ReadonlySet<string>> {
  const heard = new Set<string>();
  if (child.stderr === null)
    throw new Problem('command_failed', 'The relay of a delay has no standard error.');
  const lines = createInterface({ input: child.stderr });
  let late: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (code: 'command_failed' | 'command_timeout', why: string): void =>
        reject(new Problem(code, `The relay of a delay ${why}: ${Array.from(heard).join(' | ')}`));
      lines.on('line', (line) => {
        heard.add(line.slice(0, 300));
        if (line === 'ready') resolve();
      });
      child.once('error', reject);
      child.once('close', (code) => fail('command_failed', `ended with code ${code}`));
      late = setTimeout(() => fail('command_timeout', `is not ready after ${readyMs} ms`), readyMs);
    });
  } finally {
    clearTimeout(late);
  }
  return heard;
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function end(child: ChildProcess): Promise<void> {
  if (!isAlive(child) || child.pid === undefined) return;
  const gone = once(child, 'exit', { signal: AbortSignal.timeout(goneMs) });
  child.kill('SIGKILL');
  await gone;
}
