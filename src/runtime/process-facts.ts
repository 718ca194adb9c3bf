import { readdirSync, readFileSync } from 'node:fs';

/** A process, told from a later one with the same pid by the clock tick of its start (proc(5), /proc/pid/stat field 22). */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: number;
}

export interface ProcessFacts extends ProcessIdentity {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
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
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
  };
}

/** The identity of a process that can still do something; null when there is none. */
export function identify(pid: number): ProcessIdentity | null {
  const facts = livingProcess(pid);
  return facts === null ? null : { pid, startTicks: facts.startTicks };
}

/** What the kernel says of a process that can still do something; null when there is none. */
export function livingProcess(pid: number): ProcessFacts | null {
  const facts = readProcess(pid);
  return facts === null || isOver(facts) ? null : facts;
}

/** Whether the very process (not a later one with its pid) can still do anything. A zombie cannot: only its pid waits. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTicks === identity.startTicks;
}

/** Whether the process was stopped by a signal: it answers nobody, and obeys SIGKILL alone. */
export function isStopped(identity: ProcessIdentity): boolean {
  const facts = readProcess(identity.pid);
  return facts?.startTicks === identity.startTicks && (facts.state === 'T' || facts.state === 't');
}

/** Every process of the machine that can still do something. */
export function livingProcesses(): readonly ProcessFacts[] {
  return processIds()
    .map(livingProcess)
    .filter((facts) => facts !== null);
}

/** The pid of every process of the machine, zombies included. */
export function processIds(): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/u.test(entry))
    .map(Number);
}

function isOver(facts: ProcessFacts): boolean {
  return facts.state === 'Z' || facts.state === 'X' || facts.state === 'x';
}
