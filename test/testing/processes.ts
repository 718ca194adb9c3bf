import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Pid of the postmaster that runs on a data directory. */
export function postmasterPid(pgdata: string): number {
  return Number(readFileSync(join(pgdata, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

/** The living processes of a process group. */
export function processesOf(group: number): readonly { readonly pid: number; readonly program: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (Number(fields[2]) !== group || fields[0] === 'Z') return [];
        return [{ pid: Number(name), program: programOf(Number(name)) }];
      } catch {
        return []; // it ended while we looked
      }
    });
}

function programOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/exe`).split('/').at(-1) ?? '';
}

/** Proportional set size of a process in bytes: shared pages counted by share. */
export function pssBytes(pid: number): number {
  const [, kilobytes] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** Pid of the process that replays the log of the standby that runs on a data directory. */
export function startupPid(pgdata: string): number {
  const parent = postmasterPid(pgdata);
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const isChild = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
        return isChild && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('startup');
      } catch {
        return false; // it ended while we looked
      }
    });
  if (found === undefined) throw new Error(`nobody replays in ${pgdata}`);
  return Number(found);
}
