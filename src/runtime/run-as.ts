import { readFileSync } from 'node:fs';
import { Problem } from '../core/problem.ts';

/** An operating-system user whose rights a child process gets. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The user that PostgreSQL and etcd run as. PostgreSQL refuses root: a root-started node runs them as `wanted`; a node
 * started by anybody else runs everything as that user, and the answer is null.
 */
export function resolveRunAs(wanted: string): SystemUser | null {
  if (process.getuid?.() !== 0) return null;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${wanted}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined || Number(uid) === 0) {
    throw new Problem(
      'config_invalid',
      `runAs: there is no unprivileged user "${wanted}" on this machine; PostgreSQL refuses root. Name one with --run-as, or start Holdfast as an unprivileged user.`,
    );
  }
  return { name: wanted, uid: Number(uid), gid: Number(gid) };
}

/** The words to put before a command so that it runs as `user` (nothing when that is null). */
export function asUser(user: SystemUser | null): readonly string[] {
  if (user === null) return [];
  return ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--init-groups'];
}
