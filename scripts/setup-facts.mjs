import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { consulProgram } from './setup-consul.mjs';
import { modulesAreCurrent, postgresqlVersions, readVersion, tools } from './setup-plan.mjs';

const policyFile = '/usr/sbin/policy-rc.d';

/** Services and their tools often lie in sbin, which is not on everybody's PATH. */
const searchPath = [
  ...(process.env['PATH'] ?? '').split(':'),
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
].filter((directory) => directory.startsWith('/') && !directory.endsWith('node_modules/.bin'));

/**
 * Looks at the machine; changes nothing.
 *
 * @param {string} root the project's directory
 * @param {{ consul: boolean }} wanted
 * @returns {Promise<import('./setup-plan.mjs').Facts>}
 */
export async function lookAround(root, wanted) {
  const findings = await Promise.all(
    tools.map(async (tool) => /** @type {const} */ ([tool.name, await look(tool)])),
  );
  return {
    modulesCurrent: modulesAreCurrent(
      readFileSync(join(root, 'package-lock.json'), 'utf8'),
      readIfThere(join(root, 'node_modules/.package-lock.json')),
    ),
    tools: new Map(findings),
    isRoot: process.getuid?.() === 0,
    hasApt: locate('apt-get') !== null,
    postgresqlCommonInstalled: existsSync('/usr/share/postgresql-common'),
    startPolicy: await startPolicy(),
    consul: wanted.consul ? lookForConsul(root) : 'unwanted',
  };
}

/**
 * @param {string} root
 * @returns {import('./setup-plan.mjs').Facts['consul']}
 */
function lookForConsul(root) {
  const named = process.env['CONSUL_BIN'] ?? '';
  if (named !== '') return isExecutable(named) ? 'here' : 'misnamed';
  return isExecutable(consulProgram(root)) ? 'here' : 'absent';
}

/**
 * @param {import('./setup-plan.mjs').Tool} tool
 * @returns {Promise<import('./setup-plan.mjs').Finding>}
 */
async function look(tool) {
  if (tool.packages.includes('postgresql')) return lookForPostgresql(tool.binaries);
  const missing = [
    ...tool.binaries.filter((binary) => locate(binary) === null),
    ...(tool.libraries ?? []).filter((library) => !hasLibrary(library)),
  ];
  const [program, ...args] = tool.version?.argv ?? [];
  const path = program === undefined ? null : locate(program);
  return { missing, version: path === null ? null : readVersion(await output(path, args)) };
}

/**
 * One version with all its programs is enough.
 *
 * @param {readonly string[]} binaries
 */
function lookForPostgresql(binaries) {
  const lacking = postgresqlVersions.map((version) =>
    binaries.filter((binary) => !isExecutable(`/usr/lib/postgresql/${version}/bin/${binary}`)),
  );
  return { missing: lacking.find((missing) => missing.length === 0) ?? binaries, version: null };
}

/** @returns {Promise<'absent' | 'refuses' | 'allows'>} */
async function startPolicy() {
  if (!existsSync(policyFile)) return 'absent';
  // Its answer by exit code: 101 is "action forbidden by policy" (Debian Policy, invoke-rc.d).
  return new Promise((resolve) => {
    const child = execFile(policyFile, ['postgresql', 'start'], { timeout: 5_000 }, () => {
      resolve(child.exitCode === 101 ? 'refuses' : 'allows');
    });
  });
}

/** @param {string} program */
function locate(program) {
  return searchPath.map((directory) => join(directory, program)).find(isExecutable) ?? null;
}

/**
 * Debian has a directory of libraries for each architecture.
 *
 * @param {string} library
 */
function hasLibrary(library) {
  const directories = ['/usr/lib', '/usr/lib64', ...listed('/usr/lib').map((name) => join('/usr/lib', name))];
  return directories.some((directory) => existsSync(join(directory, library)));
}

/** @param {string} directory */
function listed(directory) {
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} path */
function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/**
 * @param {string} path
 * @param {readonly string[]} args
 * @returns {Promise<string>}
 */
function output(path, args) {
  return new Promise((resolve) => {
    execFile(path, args, { timeout: 5_000 }, (_error, stdout) => resolve(stdout));
  });
}
