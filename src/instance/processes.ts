import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import {
  isAlive,
  livingProcess,
  livingProcesses,
  type ProcessFacts,
  type ProcessIdentity,
  processIds,
} from '../runtime/process-facts.ts';

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
  if (postmaster === null || !isAlive(postmaster)) return orphansIn(dir);
  const parent = postmaster.pid;
  return livingProcesses().filter(({ pid, parent: above, command }) => {
    if (pid === process.pid) return false;
    const related = pid === parent || above === parent;
    return related || (ours.has(command) && worksIn(pid, dir));
  });
}

/**
 * A stopped instance is asked every turn whether something of it lives, on machines with thousands of processes: where one
 * works costs one call, and only those that work in here are read.
 */
function orphansIn(dir: string): readonly ProcessFacts[] {
  return processIds()
    .filter((pid) => pid !== process.pid && worksIn(pid, dir))
    .map(livingProcess)
    .filter((facts) => facts !== null)
    .filter(({ command }) => ours.has(command));
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
