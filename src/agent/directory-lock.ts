import { readFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../core/problem.ts';
import { makeDirectory, readFileIfThere } from '../runtime/files.ts';
import type { NodeLayout } from './layout.ts';

/**
 * Takes the node's directory for this process: two guardians must never run one node. The lock names the process by pid
 * and start time, so that a lock left by a dead one is recognised.
 *
 * @throws Problem `directory_in_use` with the pid that holds it
 */
export async function lockDirectory(layout: NodeLayout): Promise<{ release: () => Promise<void> }> {
  await makeDirectory(layout.state, 0o700);
  const path = join(layout.state, 'guardian.lock');
  const own = `${process.pid} ${startTimeOf(process.pid)}\n`;
  for (let tries = 0; tries < 3; tries += 1) {
    if (await createExclusively(path, own)) return { release: () => rm(path, { force: true }) };
    const holder = await readFileIfThere(path);
    if (holder !== null && isHeld(holder)) {
      throw new Problem(
        'directory_in_use',
        `--dir: ${layout.dir} is run by another "holdfast node" already (pid ${holder.split(' ')[0]}).`,
      );
    }
    await rm(path, { force: true });
  }
  throw new Problem('directory_in_use', `--dir: ${path} could not be taken; another start is under way.`);
}

async function createExclusively(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function isHeld(holder: string): boolean {
  const [pid, startTime] = holder.trim().split(' ');
  return startTimeOf(Number(pid)) === startTime;
}

/** Field 22 of /proc/PID/stat (proc(5)), in clock ticks since boot; null when there is no such process. */
function startTimeOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
