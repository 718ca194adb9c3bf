import type { ProcessIdentity } from '../runtime/process-facts.ts';

/** `PID START` as text, for a file. */
export function writeName(name: ProcessIdentity): string {
  return `${name.pid} ${name.startTicks}\n`;
}

/** The inverse; null when the text is no name. */
export function readName(text: string): ProcessIdentity | null {
  const [pid, startTime] = text.trim().split(' ');
  if (startTime === undefined || !/^\d+$/.test(pid ?? '') || !/^\d+$/.test(startTime)) return null;
  return { pid: Number(pid), startTicks: Number(startTime) };
}
