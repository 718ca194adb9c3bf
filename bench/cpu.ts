import { readFileSync } from 'node:fs';

const ticksPerSecond = 100;

/** The processor time that a process has used, seconds (proc(5), `/proc/pid/stat`, fields 14 and 15). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
