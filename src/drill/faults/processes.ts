import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  identify,
  isAlive,
  isStopped,
  livingProcesses,
  type ProcessIdentity,
  readProcess,
} from '../../runtime/process-facts.ts';
import type { TargetNode } from '../target.ts';

/** The programs that a node is made of. */
export type Part = 'guardian' | 'agent' | 'worker' | 'etcd';

const marks: Readonly<Record<Part, RegExp>> = {
  guardian: /\bcli\/main\.[jt]s\0node\0/u,
  agent: /\bagent\/main\.[jt]s\0/u,
  worker: /\bserver\/main\.[jt]s\0/u,
  etcd: /(^|\/)etcd\0/u,
};

/** One part of a node; null when it does not run. */
export function partOf(node: TargetNode, part: Part): ProcessIdentity | null {
  const found = processesOf(node).find(({ pid }) => marks[part].test(commandLine(pid)));
  return found === undefined ? null : identify(found.pid);
}

/** The postmaster of an instance; null when there is none. */
export function postmasterOf(node: TargetNode, instance: 'data' | 'audit' = 'data'): ProcessIdentity | null {
  try {
    const file = join(node.dir, instance, 'pgdata', 'postmaster.pid');
    return identify(Number(readFileSync(file, 'utf8').split('\n')[0]));
  } catch {
    return null; // not running
  }
}

/** A backend that serves a client of the data instance; null when there is none. */
export function backendOf(node: TargetNode): ProcessIdentity | null {
  const postmaster = postmasterOf(node);
  const found = livingProcesses().find(
    ({ pid, parent }) => parent === postmaster?.pid && /holdfast_api holdfast/u.test(commandLine(pid)),
  );
  return found === undefined ? null : identify(found.pid);
}

/** The processes by which the data instance sends its log to others. */
export function walSendersOf(node: TargetNode): readonly ProcessIdentity[] {
  const postmaster = postmasterOf(node);
  return livingProcesses()
    .filter(({ pid, parent }) => parent === postmaster?.pid && /\bwalsender\b/u.test(commandLine(pid)))
    .map(({ pid, startTicks }) => ({ pid, startTicks }));
}

/** All that belongs to a node: its process group, and PostgreSQL's processes, which have sessions of their own. */
export function everythingOf(node: TargetNode): readonly ProcessIdentity[] {
  const masters = [postmasterOf(node, 'data'), postmasterOf(node, 'audit')].flatMap((one) => one?.pid ?? []);
  const own = livingProcesses().filter(
    ({ pid, parent, group }) =>
      (node.processGroup !== 0 && group === node.processGroup) ||
      masters.includes(pid) ||
      masters.includes(parent),
  );
  return own.map(({ pid, startTicks }) => ({ pid, startTicks }));
}

/** Sends a signal to these very processes: a later one with the same pid is spared. */
export function signalAll(processes: readonly ProcessIdentity[], signal: NodeJS.Signals): void {
  for (const one of processes) {
    if (!isAlive(one)) continue;
    try {
      process.kill(one.pid, signal);
    } catch {
      // it ended meanwhile
    }
  }
}

const lookMs = 5;
const limitMs = 3000;

/** Resolves true once all of them are gone. */
export function areGone(processes: readonly ProcessIdentity[]): Promise<boolean> {
  return seen(() => processes.every((one) => !isAlive(one)));
}

/** Resolves true once all of them that live are stopped. */
export function areStopped(processes: readonly ProcessIdentity[]): Promise<boolean> {
  return seen(() => processes.every((one) => !isAlive(one) || isStopped(one)));
}

async function seen(test: () => boolean): Promise<boolean> {
  const giveUpAt = performance.now() + limitMs;
  while (!test()) {
    if (performance.now() > giveUpAt) return false;
    await sleep(lookMs);
  }
  return true;
}

function processesOf(node: TargetNode): readonly { readonly pid: number }[] {
  return node.processGroup === 0
    ? []
    : livingProcesses().filter(({ group, pid }) => group === node.processGroup && readProcess(pid) !== null);
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
