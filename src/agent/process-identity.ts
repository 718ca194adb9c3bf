import { readFileSync } from 'node:fs';

/** A process and when it started: a pid alone is used again. */
export interface ProcessName {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/PID/stat (proc(5)). */
  readonly startTime: string;
}

/** The identity of a living process; null when there is none, or a zombie. */
export function identify(pid: number): ProcessName | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTime] = [fields[0], fields[19]];
    if (startTime === undefined || state === 'Z' || state === 'X') return null;
    return { pid, startTime };
  } catch {
    return null; // it has ended
  }
}

export function isAlive(name: ProcessName): boolean {
  return identify(name.pid)?.startTime === name.startTime;
}

/** `PID START` as text, for a file. */
export function writeName(name: ProcessName): string {
  return `${name.pid} ${name.startTime}\n`;
}

/** The inverse; null when the text is no name. */
export function readName(text: string): ProcessName | null {
  const [pid, startTime] = text.trim().split(' ');
  if (startTime === undefined || !/^\d+$/.test(pid ?? '') || !/^\d+$/.test(startTime)) return null;
  return { pid: Number(pid), startTime };
}
