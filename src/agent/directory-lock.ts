import { randomBytes } from 'node:crypto';
import { link, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../core/problem.ts';
import { makeDirectory, readFileIfThere } from '../runtime/files.ts';
import type { NodeLayout } from './layout.ts';
import { identify, isAlive } from '../runtime/process-facts.ts';
import { readName, writeName } from './process-identity.ts';

const tries = 5;

/**
 * Takes the node's directory for this process: two guardians must never run one node. The lock names the process by pid
 * and start time, so that a lock left by a dead one is recognised. It appears whole, by `link`, and a stale one is moved
 * away by `rename`, so of several that start at once exactly one has it.
 *
 * @throws Problem `directory_in_use` with the pid that holds it
 */
export async function lockDirectory(layout: NodeLayout): Promise<{ release: () => Promise<void> }> {
  await makeDirectory(layout.state, 0o700);
  const path = join(layout.state, 'guardian.lock');
  const own = identify(process.pid);
  if (own === null) throw new Problem('directory_in_use', '/proc does not show this process.');
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, writeName(own), { mode: 0o600, flag: 'wx' });
  try {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      if (await linked(draft, path)) return { release: () => rm(path, { force: true }) };
      await moveAwayIfStale(path, layout.dir);
    }
    throw new Problem('directory_in_use', `--dir: ${path} could not be taken; another start is under way.`);
  } finally {
    await rm(draft, { force: true });
  }
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function moveAwayIfStale(path: string, dir: string): Promise<void> {
  const held = await readFileIfThere(path);
  if (held === null) return;
  const holder = readName(held);
  if (holder !== null && isAlive(holder)) {
    throw new Problem(
      'directory_in_use',
      `--dir: ${dir} is run by another "holdfast node" already (pid ${holder.pid}).`,
    );
  }
  const aside = `${path}.stale-${randomBytes(6).toString('hex')}`;
  await rename(path, aside).catch(() => undefined); // another start was faster
  const moved = await readFileIfThere(aside);
  // What was moved may be the new lock of a faster start: it goes back, unless a third has taken the place.
  if (moved !== null && moved !== held) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}
