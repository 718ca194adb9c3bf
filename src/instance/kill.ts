import { realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../core/problem.ts';
import { isAlive, type ProcessFacts, type ProcessIdentity } from '../runtime/process-facts.ts';
import { findInstanceProcesses, listProcesses } from './processes.ts';

/** Whether everything is dead; if not, which processes were still alive when the time ended. */
export type KillResult =
  | { readonly dead: true }
  | { readonly dead: false; readonly survivors: readonly ProcessFacts[] };

export interface KillTarget {
  /** The instance's directory (`InstanceSettings.dir`). */
  readonly dir: string;
  /** The postmaster, while it is known; without it the processes are found by their working directory alone. */
  readonly postmaster: ProcessIdentity | null;
}

const lookEveryMs = 2;

/**
 * Kills every process of an instance and says so only once each of them was seen dead (a zombie counts as dead).
 *
 * The postmaster is stopped first, so that no new backend appears between the look and the kill. Backends have sessions
 * of their own, so no process group reaches them; each is killed by pid. Then it is looked again until nobody is left.
 *
 * @param timeoutMs how long to wait for the deaths; a process in an uninterruptible disk wait can outlast it.
 */
export async function killEveryProcess(
  target: KillTarget,
  options: { readonly timeoutMs: number },
): Promise<KillResult> {
  const dir = realPath(target.dir);
  const { postmaster } = target;
  if (postmaster !== null && isAlive(postmaster)) signal(postmaster.pid, 'SIGSTOP');
  const deadline = performance.now() + options.timeoutMs;
  const seen = new Map<number, ProcessFacts>();
  for (;;) {
    const found = findInstanceProcesses(dir, postmaster);
    for (const one of found) {
      seen.set(one.pid, one);
      signal(one.pid, 'SIGKILL');
    }
    const living = [...seen.values()].filter(isAlive);
    if (living.length === 0 && found.length === 0) return { dead: true };
    if (performance.now() >= deadline) return { dead: false, survivors: living };
    await sleep(lookEveryMs);
  }
}

/** Processes of this instance from an earlier life: call it while the instance is not running. */
export function findStrays(settings: { readonly dir: string }): readonly ProcessFacts[] {
  return findInstanceProcesses(realPath(settings.dir), null);
}

/** @throws Problem `instance_strays` when processes of this instance are alive: nobody may touch its files then. */
export function requireNoStrays(settings: { readonly dir: string }): void {
  const strays = findStrays(settings);
  if (strays.length > 0) {
    throw new Problem(
      'instance_strays',
      `Processes of an earlier life still work in ${settings.dir}: ${listProcesses(strays)}; end them first.`,
    );
  }
}

function signal(pid: number, name: 'SIGSTOP' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Gone meanwhile. (No permission shows as a survivor when the time ends.)
    if (error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM'))
      return;
    throw error;
  }
}

/** /proc shows working directories with every symbolic link resolved. */
function realPath(dir: string): string {
  try {
    return realpathSync(dir);
  } catch {
    return dir;
  }
}
