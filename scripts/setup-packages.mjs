import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const policyFile = '/usr/sbin/policy-rc.d';
const clusterDefaults = '/etc/postgresql-common/createcluster.conf';
const unitDirectories = ['/lib/systemd/system', '/usr/lib/systemd/system'];
const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' };
const minuteMs = 60_000;

/**
 * Installs Debian packages and sees to it that they bring files only: nothing is started, no database cluster is made,
 * nothing will start at the next boot.
 *
 * @param {Extract<import('./setup-plan.mjs').Step, { kind: 'packages' }>} step
 * @param {(line: string) => void} say
 */
export function installPackages(step, say) {
  const before = bootServices();
  const restore = step.writePolicy ? forbidStarts() : () => undefined;
  try {
    say('apt-get update');
    run(['apt-get', 'update', '-qq'], 5 * minuteMs);
    if (step.withoutMainCluster) {
      say('postgresql-common, set to make no cluster of its own');
      aptInstall(['postgresql-common']);
      makeNoMainCluster();
    }
    say(`apt-get install ${step.packages.join(' ')}`);
    aptInstall(step.packages);
  } finally {
    disable(
      [...bootServices()].filter((service) => !before.has(service)),
      say,
    );
    restore();
  }
}

/** @param {readonly string[]} packages */
function aptInstall(packages) {
  const options = [
    '-y',
    '-qq',
    '--no-install-recommends',
    '-o',
    'Dpkg::Options::=--force-confold',
    '-o',
    'DPkg::Lock::Timeout=120',
  ];
  run(['apt-get', 'install', ...options, ...packages], 15 * minuteMs);
}

/** A policy that refuses every start (invoke-rc.d asks it), and the function that takes it away again. */
function forbidStarts() {
  writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' }); // never over an existing one
  const remove = () => rmSync(policyFile, { force: true });
  const stop = () => {
    remove();
    process.exit(130);
  };
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) process.once(signal, stop);
  return () => {
    remove();
    for (const signal of signals) process.off(signal, stop);
  };
}

/** Before the server package is there: its installation would make and enable a cluster called `main`. */
function makeNoMainCluster() {
  const text = existsSync(clusterDefaults) ? readFileSync(clusterDefaults, 'utf8') : '';
  const rest = text.replace(/^#?\s*create_main_cluster\s*=.*\n?/mu, '');
  writeFileSync(clusterDefaults, `${rest.trimEnd()}\ncreate_main_cluster = false\n`.trimStart());
}

/** Everything that could be started at boot: systemd units (no templates) and old-style scripts. */
function bootServices() {
  const units = unitDirectories
    .flatMap(list)
    .filter((name) => /^[^@]+\.(?:service|socket|timer)$/u.test(name));
  return new Set([...units, ...list('/etc/init.d').map((name) => `/etc/init.d/${name}`)]);
}

/**
 * @param {readonly string[]} services
 * @param {(line: string) => void} say
 */
function disable(services, say) {
  const units = services.filter((name) => !name.startsWith('/'));
  const scripts = services
    .filter((name) => name.startsWith('/'))
    .map((name) => name.slice('/etc/init.d/'.length));
  // Each works on links in /etc alone, whether systemd runs or not; what is absent needs no disabling.
  for (const unit of units) spawnSync('systemctl', ['disable', '--quiet', unit], { timeout: minuteMs });
  for (const script of scripts) spawnSync('update-rc.d', [script, 'disable'], { timeout: minuteMs });
  if (units.length > 0) say(`left disabled: ${units.join(' ')}`);
}

/**
 * @param {readonly string[]} argv
 * @param {number} timeoutMs
 */
function run(argv, timeoutMs) {
  const [program = '', ...args] = argv;
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    env: environment,
    timeout: timeoutMs,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status === 0) return;
  const lastWords = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n');
  throw new Error(`${argv.join(' ')} failed (${error?.message ?? `code ${status}`}):\n${lastWords}`);
}

/** @param {string} directory */
function list(directory) {
  return existsSync(directory) ? readdirSync(directory) : [];
}
