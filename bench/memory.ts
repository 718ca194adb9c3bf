import { readFileSync } from 'node:fs';

/** The most memory that a living process has had so far (proc(5), `VmHWM`), megabytes. */
export function peakRssMb(pid: number): number {
  const kb = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kb) / 1024);
}
