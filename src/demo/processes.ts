import { readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isAlive, livingProcesses, type ProcessIdentity, readProcess } from '../runtime/process-facts.ts';

/** A process of ours that can be told from a later one with the same number. */
export interface KnownProcess extends ProcessIdentity {
  readonly name: string;
}

/** A process that was just started, as it is to be remembered; null when it is gone already. */
export function rememberAs(name: string, pid: number): KnownProcess | null {
  const facts = readProcess(pid);
  return facts === null ? null : { name, pid, startTicks: facts.startTicks };
}

/**
 * The living processes of the group that `leader` leads or led. Its number cannot be given to a new process while the
 * group has members; a later group of another leader is told by its members' session or start time.
 */
export function groupMembers(leader: KnownProcess): readonly number[] {
  const facts = readProcess(leader.pid);
  if (facts !== null && facts.startTicks !== leader.startTicks) return [];
  return livingProcesses()
    .filter(({ group, session }) => group === leader.pid && session === leader.pid)
    .filter(({ startTicks }) => startTicks >= leader.startTicks)
    .map(({ pid }) => pid);
}

/** Sends a signal to the whole group, if it is still that of `known`. */
export function signalGroup(known: KnownProcess, signal: NodeJS.Signals): void {
  if (groupMembers(known).length > 0) send(-known.pid, signal);
}

/** Sends a signal to the very process. */
export function signalProcess(known: KnownProcess, signal: NodeJS.Signals): void {
  if (isAlive(known)) send(known.pid, signal);
}

/**
 * PostgreSQL's own processes on these directories. Its sessions leave the group of the node, so they are known by where
 * they work: a server's processes have its data directory as their own.
 */
export async function postgresOn(dataDirs: readonly string[]): Promise<readonly number[]> {
  const found = await Promise.all(
    livingProcesses().map(async ({ pid }) => {
      try {
        const [directory, program] = await Promise.all([
          readlink(`/proc/${pid}/cwd`),
          readlink(`/proc/${pid}/exe`),
        ]);
        return dataDirs.includes(directory) && basename(program) === 'postgres' ? pid : null;
      } catch {
        return null; // gone meanwhile, or somebody else's
      }
    }),
  );
  return found.filter((pid) => pid !== null);
}

/** The directories of both databases of a node, as PostgreSQL's processes have them; `dataDir` is that of *data*. */
export function instanceDirs(dataDir: string): readonly string[] {
  return [dataDir, join(dirname(dirname(dataDir)), 'audit', basename(dataDir))];
}

/** Sends a signal; that the process is gone already is no failure. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
