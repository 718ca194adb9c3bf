import { isProblem, Problem } from '../core/problem.ts';
import { runCommandOk } from '../runtime/run-command.ts';

/**
 * Makes sure that an etcd is installed that Holdfast is made for, and says which.
 *
 * @throws Problem `missing_binary`, `etcd_version_unsupported`: each says what to install
 */
export async function checkEtcdVersion(): Promise<string> {
  try {
    const { stdout } = await runCommandOk(['etcd', '--version'], { timeoutMs: 10_000 });
    return readEtcdVersion(stdout);
  } catch (cause) {
    if (!isProblem(cause, 'missing_binary')) throw cause;
    throw new Problem('missing_binary', `etcd is not installed. ${advice}`, { cause });
  }
}

const advice =
  'Install etcd 3.4, 3.5 or 3.6 (Debian and Ubuntu: apt install etcd-server) so that "etcd" is on the PATH.';

/** @throws Problem `etcd_version_unsupported` */
export function readEtcdVersion(printed: string): string {
  const [, version, major, minor] = /etcd Version: ((\d+)\.(\d+)\.\d+)/.exec(printed) ?? [];
  if (version === undefined || major !== '3' || !['4', '5', '6'].includes(minor ?? '')) {
    const found = version === undefined ? 'a version that cannot be read' : version;
    throw new Problem('etcd_version_unsupported', `The installed etcd is ${found}. ${advice}`);
  }
  return version;
}
