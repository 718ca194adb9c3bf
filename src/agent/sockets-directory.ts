import { chmod, chown, lstat, mkdir } from 'node:fs/promises';
import { Problem } from '../core/problem.ts';
import type { SystemUser } from '../runtime/run-as.ts';
import type { NodeLayout } from './layout.ts';

/**
 * Makes the directory of PostgreSQL's unix sockets, for the user that PostgreSQL runs as and nobody else. It can lie
 * below /tmp (a long path does not fit into a socket address), where it is gone after a reboot, and where somebody else
 * may have been first: so call it before every start.
 *
 * @throws Problem `directory_not_ours` when somebody else made it
 */
export async function makeSocketsDirectory(layout: NodeLayout, runAs: SystemUser | null): Promise<void> {
  const path = layout.sockets;
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
  const found = await lstat(path);
  const ours = [process.getuid?.(), runAs?.uid].includes(found.uid);
  if (!found.isDirectory() || !ours) {
    throw new Problem(
      'directory_not_ours',
      `${path}, where the unix sockets of PostgreSQL belong, is somebody else's. Remove it, or choose a shorter --dir.`,
    );
  }
  await chmod(path, 0o700);
  if (runAs !== null) await chown(path, runAs.uid, runAs.gid);
}
