import { checkEtcdVersion } from '../coordination/etcd-version.ts';
import { isProblem } from '../core/problem.ts';
import { findPostgres } from '../instance/binaries.ts';
import { resolveRunAs } from '../runtime/run-as.ts';
import { runCommand } from '../runtime/run-command.ts';
import { type Finding, fault, ok, warning } from './doctor-finding.ts';

const commandMs = 10_000;

export interface ProgramsToCheck {
  /** As `process.versions.node` says it. */
  readonly nodeVersion: string;
  readonly postgresBin: string | null;
  readonly runAs: string;
  /** Whether this node runs an etcd member. */
  readonly needsEtcd: boolean;
}

/** The programs that a node stands on, in versions that it is made for, and the user that PostgreSQL runs as. */
export async function checkPrograms(wanted: ProgramsToCheck): Promise<readonly Finding[]> {
  const asked = await Promise.all([
    checkPostgres(wanted.postgresBin),
    wanted.needsEtcd ? checkEtcd() : Promise.resolve(ok('etcd', 'this node needs none')),
    checkHaproxy(),
    checkOpenssl(),
    checkSetpriv(),
  ]);
  return [checkNode(wanted.nodeVersion), ...asked, checkUser(wanted.runAs)];
}

/** Whether a version such as `22.18.1` is at least `least`. */
export function isAtLeast(version: string, least: readonly [number, number]): boolean {
  const [major = Number.NaN, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > least[0] || (major === least[0] && minor >= least[1]);
}

function checkNode(version: string): Finding {
  if (isAtLeast(version, [22, 18])) return ok('Node', version);
  return fault(
    'Node',
    `${version} is too old`,
    'Install Node 22.18 or newer; 24 is the version that Holdfast is tested with.',
  );
}

async function checkPostgres(binDir: string | null): Promise<Finding> {
  try {
    const found = await findPostgres(binDir);
    return ok('PostgreSQL', `${found.version} in ${found.binDir}`);
  } catch (error) {
    if (!isProblem(error)) throw error;
    return fault(
      'PostgreSQL',
      error.detail,
      'Install one of the versions 15 to 18, or name its directory with --postgres-bin.',
    );
  }
}

async function checkEtcd(): Promise<Finding> {
  try {
    return ok('etcd', await checkEtcdVersion());
  } catch (error) {
    if (!isProblem(error)) throw error;
    return fault('etcd', error.detail, 'Install etcd 3.4, 3.5 or 3.6 (apt-get install etcd-server).');
  }
}

/** The load balancer may well run elsewhere, so it is no fault when it is not here. */
async function checkHaproxy(): Promise<Finding> {
  const printed = await printedBy(['haproxy', '-v']);
  const version = /version (\d+\.\d+[\d.]*)/u.exec(printed ?? '')?.[1];
  if (version === undefined)
    return ok('HAProxy', 'not installed; it is needed only where the load balancer runs');
  if (isAtLeast(version, [2, 6])) return ok('HAProxy', version);
  return warning(
    'HAProxy',
    `${version} is too old`,
    'Install HAProxy 2.6 or newer where the load balancer runs.',
  );
}

async function checkOpenssl(): Promise<Finding> {
  const printed = await printedBy(['openssl', 'version']);
  const version = /^OpenSSL (\d+\.\d+[\d.]*)/u.exec(printed ?? '')?.[1];
  if (version !== undefined && isAtLeast(version, [3, 0])) return ok('OpenSSL', version);
  const found = version === undefined ? 'the command openssl is missing' : `${version} is too old`;
  return fault(
    'OpenSSL',
    found,
    'Install OpenSSL 3 (apt-get install openssl); certificates are made with it.',
  );
}

async function checkSetpriv(): Promise<Finding> {
  const printed = await printedBy(['setpriv', '--version']);
  if (printed !== null) return ok('setpriv', printed.trim().replace(/^setpriv from /u, ''));
  return fault(
    'setpriv',
    'it is missing',
    'Install util-linux: without it nothing ends PostgreSQL when its agent dies.',
  );
}

function checkUser(name: string): Finding {
  try {
    const user = resolveRunAs(name);
    return user === null
      ? ok('user', 'everything runs as the user that starts the node')
      : ok('user', `PostgreSQL and etcd run as "${user.name}" (uid ${user.uid})`);
  } catch (error) {
    if (!isProblem(error)) throw error;
    return fault(
      'user',
      error.detail,
      `Make the user (useradd --system ${name}), or name another with --run-as.`,
    );
  }
}

/** What a command prints; null when it is not there or fails. */
async function printedBy(argv: readonly string[]): Promise<string | null> {
  try {
    const { code, stdout } = await runCommand(argv, { timeoutMs: commandMs, env: { PATH: searchPath() } });
    return code === 0 ? stdout : null;
  } catch (error) {
    if (!isProblem(error)) throw error;
    return null;
  }
}

/** HAProxy lies in sbin, which is not on everybody's PATH. */
function searchPath(): string {
  return `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`;
}
