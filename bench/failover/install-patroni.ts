import { lookAround } from '../../scripts/setup-facts.mjs';
import { installPackages } from '../../scripts/setup-packages.mjs';
import { runCommand } from '../../src/runtime/run-command.ts';
import { fileURLToPath } from 'node:url';

const packages = ['patroni', 'python3-etcd'];
const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Patroni as Debian packages it, with what it needs for etcd. Where it is missing, root's race installs it; its service is
 * neither started nor enabled.
 *
 * @returns its version
 * @throws Error that says what to install by hand, when this cannot
 */
export async function requirePatroni(say: (line: string) => void): Promise<string> {
  const installed = await patroniVersion();
  if (installed !== null) return installed;
  const byHand = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  const { isRoot, hasApt, startPolicy } = await lookAround(root, { consul: false });
  if (!isRoot || !hasApt || startPolicy === 'allows') {
    const why = isRoot ? 'its service would be started, or there is no apt-get' : 'only root can install it';
    throw new Error(`Patroni is missing, and ${why}. Have it installed: ${byHand}`);
  }
  installPackages(
    { kind: 'packages', packages, withoutMainCluster: false, writePolicy: startPolicy === 'absent' },
    say,
  );
  const version = await patroniVersion();
  if (version === null) throw new Error(`Patroni was installed and does not run. Look at: ${byHand}`);
  return version;
}

async function patroniVersion(): Promise<string | null> {
  const [patroni, library] = await Promise.all(
    [
      ['patroni', '--version'],
      ['/usr/bin/python3', '-c', 'import etcd, psycopg2'],
    ].map((argv) => runCommand(argv, { timeoutMs: 20_000 }).catch(() => null)),
  );
  if (patroni?.code !== 0 || library?.code !== 0) return null;
  return /\d+(?:\.\d+)+/u.exec(patroni.stdout)?.[0] ?? null;
}
