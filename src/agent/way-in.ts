import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Problem } from '../core/problem.ts';
import type { SystemUser } from '../runtime/run-as.ts';
import { runCommand } from '../runtime/run-command.ts';

/** Others may pass through, and see nothing: below it each directory has its own rights. */
const passMode = 0o711;

/**
 * Makes `dir`, and what is missing above it (or takes a `dir` that is there and empty), so that `user` can pass through: PostgreSQL and etcd run as that user and
 * have their directories below. With no other user the directory is for this one alone.
 *
 * @returns the directories that were made now, the innermost first
 * @throws Problem `directory_not_ours` that names the parent which lets the user not pass
 */
export async function makeWayIn(dir: string, user: SystemUser | null): Promise<readonly string[]> {
  const missing: string[] = [];
  let existing = dir;
  while (!(await isDirectory(existing))) {
    missing.push(existing);
    existing = dirname(existing);
  }
  await requirePassage(existing === dir ? dirname(dir) : existing, user);
  for (const path of missing.toReversed()) {
    await make(path);
    await chmod(path, user === null ? 0o700 : passMode); // whatever the umask is
  }
  if (missing.length === 0 && user !== null) await chmod(dir, passMode);
  return missing;
}

/** Whether `user` may pass each directory from `path` up to the root: asked of the kernel, as that user. */
async function requirePassage(path: string, user: SystemUser | null): Promise<void> {
  if (user === null) return;
  for (const parent of [...ancestors(path)].toReversed()) {
    const { code } = await runCommand(['test', '-x', parent], { timeoutMs: 5000, runAs: user });
    if (code === 0) continue;
    throw new Problem(
      'directory_not_ours',
      `--dir: the user ${user.name} cannot pass through ${parent}, so PostgreSQL could not reach its files. Run "chmod o+x ${parent}", or choose a directory elsewhere (/var/lib/holdfast).`,
    );
  }
}

function* ancestors(path: string): Generator<string> {
  for (let at = path; ; at = dirname(at)) {
    yield at;
    if (dirname(at) === at) return;
  }
}

async function make(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    const way =
      code === 'EACCES' || code === 'EROFS' ? 'Choose a directory that you may write to' : 'See the cause';
    throw new Problem('directory_not_ours', `--dir: ${path} cannot be made (${code}). ${way}.`, { cause });
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOTDIR')) throw error;
  }
  throw new Problem('directory_not_ours', `--dir: ${path} is not a directory. Name another one.`);
}
