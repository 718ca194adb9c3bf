import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SystemUser } from '../runtime/run-as.ts';
import { runCommand } from '../runtime/run-command.ts';
import { type Finding, fault, ok, warning } from './doctor-finding.ts';
import type { NodeLayout } from './layout.ts';

const mebibyte = 1024 * 1024;
/** Below these a node is in danger, or cannot work: bytes and inodes. */
const tight = { bytes: 2048 * mebibyte, inodes: 20_000 };
const full = { bytes: 256 * mebibyte, inodes: 1_000 };

/** Room on the file system of the node's directory (or of where it would be made). */
export async function checkDisk(dir: string): Promise<Finding> {
  const { bavail, bsize, ffree, files } = await statfs(await existingParent(dir));
  // File systems that make inodes as they go (btrfs) say 0 of 0.
  return judgeDisk({ bytes: bavail * bsize, inodes: files === 0 ? Number.POSITIVE_INFINITY : ffree });
}

/** Judges free bytes and inodes. */
export function judgeDisk(free: { readonly bytes: number; readonly inodes: number }): Finding {
  const sentence = `${Math.floor(free.bytes / mebibyte)} MB are free`;
  const few = free.inodes < tight.inodes ? `, and ${free.inodes} inodes` : '';
  const advice = 'Make room: a full disk makes a master hand over, and no standby can be copied.';
  if (free.bytes < full.bytes || free.inodes < full.inodes) return fault('disk', sentence + few, advice);
  if (free.bytes < tight.bytes || free.inodes < tight.inodes) return warning('disk', sentence + few, advice);
  return ok('disk', sentence);
}

/** That secrets are readable to their owner alone, and that PostgreSQL and etcd get to what is theirs. */
export async function checkDirectories(
  layout: NodeLayout,
  user: SystemUser | null,
  etcdMode: 'own' | 'external',
): Promise<readonly Finding[]> {
  const owner = user?.uid ?? process.getuid?.() ?? 0;
  return [
    await checkSecret('data key', layout.dataKey),
    await checkSecret('private key', layout.tls.key),
    ...(etcdMode === 'external' ? [await checkSecret('etcd key', layout.etcdTls.key)] : []),
    await checkInstance('data directory', layout.instances.data, owner),
    await checkInstance('audit directory', layout.instances.audit, owner),
    await checkPassage(layout, user),
  ];
}

async function checkSecret(what: string, path: string): Promise<Finding> {
  const found = await statOrNull(path);
  if (found === null) {
    return fault(
      what,
      `${path} is missing`,
      'Restore it from a backup, or make the node anew with "holdfast join".',
    );
  }
  if ((found.mode & 0o077) === 0) return ok(what, 'readable to its owner alone');
  return fault(what, `${path} can be read by others (mode ${octal(found.mode)})`, `Run: chmod 600 ${path}`);
}

async function checkInstance(what: string, path: string, owner: number): Promise<Finding> {
  const found = await statOrNull(path);
  if (found === null) {
    return warning(what, `${path} is missing`, 'A standby or follower copies it anew when it starts.');
  }
  if (found.uid !== owner) {
    return fault(what, `${path} belongs to uid ${found.uid}, not ${owner}`, `Run: chown -R ${owner} ${path}`);
  }
  if ((found.mode & 0o027) === 0) return ok(what, `belongs to uid ${owner}`);
  return fault(
    what,
    `${path} is open to others (mode ${octal(found.mode)}), which PostgreSQL refuses`,
    `Run: chmod 700 ${path}`,
  );
}

/** The kernel is asked, as that user: nobody else knows about all kinds of permissions. */
async function checkPassage(layout: NodeLayout, user: SystemUser | null): Promise<Finding> {
  if (user === null) return ok('directory', `${layout.dir} belongs to the user that runs everything`);
  const { code } = await runCommand(['test', '-r', layout.tls.ca], { timeoutMs: 5000, runAs: user });
  if (code === 0) return ok('directory', `"${user.name}" gets to ${layout.dir}`);
  return fault(
    'directory',
    `the user "${user.name}" does not get to ${layout.tls.ca}`,
    `Let it pass through ${layout.dir} and the directories above it (chmod o+x).`,
  );
}

async function existingParent(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    if ((await statOrNull(at)) !== null || at === dirname(at)) return at;
  }
}

async function statOrNull(path: string): Promise<{ readonly mode: number; readonly uid: number } | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, '0');
}
