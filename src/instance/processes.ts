import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** A process, told from a later one with the same pid by the clock tick of its start (proc(5), /proc/pid/stat field 22). */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: number;
}

export interface ProcessFacts extends ProcessIdentity {
  readonly parent: number;
  readonly command: string;
  /** One letter: R running, S or D waiting, T or t stopped, Z zombie, X dead. */
  readonly state: string;
}

/** What the kernel says of `pid` now, or null when there is no such process. */
export function readProcess(pid: number): ProcessFacts | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The command stands in parentheses and may hold anything, parentheses included: the last one ends it.
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  return {
    pid,
    command: stat.slice(stat.indexOf('(') + 1, end),
    state: fields[0] ?? '?',
    parent: Number(fields[1]),
    startTicks: Number(fields[19]),
  };
}

/** Whether the process can still do anything. A zombie cannot: only its pid waits for its parent. */
export function isAlive(identity: ProcessIdentity): boolean {
  const facts = readProcess(identity.pid);
  return facts !== null && facts.startTicks === identity.startTicks && !isOver(facts);
}

/** Whether the process was stopped by a signal: it answers nobody, and obeys SIGKILL alone. */
export function isStopped(identity: ProcessIdentity): boolean {
  const facts = readProcess(identity.pid);
  return facts?.startTicks === identity.startTicks && (facts.state === 'T' || facts.state === 't');
}

function isOver(facts: ProcessFacts): boolean {
  return facts.state === 'Z' || facts.state === 'X' || facts.state === 'x';
}

/** PostgreSQL's programs that work inside a data directory, by their command name (15 characters at most). */
const ours = new Set(['postgres', 'initdb', 'pg_basebackup', 'pg_rewind', 'pg_ctl', 'setpriv']);

/**
 * Every live process of the instance that lives under `dir`: the postmaster and its children where it is given, and every
 * PostgreSQL program whose working directory is in there. (Server processes change to their data directory, wherever it
 * has been moved since; the tools are started there. So orphans are found too, and the shell of a person who looks around
 * in there is not taken for one.)
 */
export function findInstanceProcesses(
  dir: string,
  postmaster: ProcessIdentity | null,
): readonly ProcessFacts[] {
  const parent = postmaster !== null && isAlive(postmaster) ? postmaster.pid : null;
  const found: ProcessFacts[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const facts = readProcess(pid);
    if (facts === null || isOver(facts)) continue;
    const related = parent !== null && (pid === parent || facts.parent === parent);
    if (related || (ours.has(facts.command) && worksIn(pid, dir))) found.push(facts);
  }
  return found;
}

function worksIn(pid: number, dir: string): boolean {
  try {
    // A removed directory is shown with this ending; its processes are as alive as others.
    const cwd = readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, '');
    return cwd === dir || cwd.startsWith(`${dir}/`);
  } catch {
    return false; // gone meanwhile, or another user's: not ours
  }
}

/** For messages: `postgres 4711, pg_rewind 4712`. */
export function listProcesses(processes: readonly ProcessFacts[]): string {
  return processes.map((one) => `${basename(one.command)} ${one.pid}`).join(', ');
}
