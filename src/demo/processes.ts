import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A process of ours that can be told from a later one with the same number. */
export interface KnownProcess {
  readonly name: string;
  readonly pid: number;
  /** In clock ticks since the machine's boot, as text (proc(5), `/proc/pid/stat`, field 22). */
  readonly startTime: string;
}

interface Stat {
  readonly pid: number;
  readonly state: string;
  readonly group: number;
  readonly session: number;
  readonly startTime: string;
}

/** What the kernel says of a process; null when there is none (any more). */
async function statOf(pid: number): Promise<Stat | null> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The name, in parentheses, may hold anything: fields are counted from its end. proc(5): state is field 3.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', , group = '', session = ''] = fields;
  return { pid, state, group: Number(group), session: Number(session), startTime: fields[19] ?? '' };
}

/** A process that was just started, as it is to be remembered; null when it is gone already. */
export async function identify(name: string, pid: number): Promise<KnownProcess | null> {
  const stat = await statOf(pid);
  return stat === null ? null : { name, pid, startTime: stat.startTime };
}

/** Whether the very process (not a later one with its number) lives. */
export async function isAlive(known: KnownProcess): Promise<boolean> {
  const stat = await statOf(known.pid);
  return stat !== null && isLiving(stat) && stat.startTime === known.startTime;
}

/**
 * The living processes of the group that `known` leads or led. Its number cannot be given to a new process while the
 * group has members; a later group of another leader is told by its members' session or start time.
 */
export async function groupMembers(known: KnownProcess): Promise<readonly number[]> {
  const leader = await statOf(known.pid);
  if (leader !== null && leader.startTime !== known.startTime) return [];
  const stats = await Promise.all((await allPids()).map(statOf));
  return stats
    .filter((stat) => stat !== null)
    .filter((stat) => isLiving(stat) && stat.group === known.pid && stat.session === known.pid)
    .filter((stat) => BigInt(stat.startTime) >= BigInt(known.startTime))
    .map(({ pid }) => pid);
}

/** Sends a signal to the whole group, if it is still that of `known`. */
export async function signalGroup(known: KnownProcess, signal: NodeJS.Signals): Promise<void> {
  if ((await groupMembers(known)).length > 0) send(-known.pid, signal);
}

/** Sends a signal to the very process. */
export async function signalProcess(known: KnownProcess, signal: NodeJS.Signals): Promise<void> {
  if (await isAlive(known)) send(known.pid, signal);
}

/**
 * PostgreSQL's own processes on these directories. Its sessions leave the group of the node, so they are known by where
 * they work: a server's processes have its data directory as their own.
 */
export async function postgresOn(dataDirs: readonly string[]): Promise<readonly number[]> {
  const found = await Promise.all(
    (await allPids()).map(async (pid) => {
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

function isLiving({ state }: Stat): boolean {
  return state !== 'Z' && state !== 'X';
}

async function allPids(): Promise<readonly number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/u.test(name)).map(Number);
}
