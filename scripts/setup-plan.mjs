/**
 * What a machine needs and, from what was found there, what is to be done. Pure: looking and doing are elsewhere
 * (setup-facts.mjs, setup-packages.mjs, setup-consul.mjs).
 *
 * @typedef {object} Tool
 * @property {string} name what it is called in messages
 * @property {readonly string[]} binaries
 * @property {readonly string[]} [libraries] modules that no program tells of, as they lie in a directory of libraries
 * @property {readonly string[]} packages the Debian packages that bring it
 * @property {{ argv: readonly string[], from: readonly [number, number], before: readonly [number, number] } | null} version
 *   how to ask for the version, and the range that is supported; null when any version will do
 *
 * @typedef {object} Finding
 * @property {readonly string[]} missing the binaries that are not there
 * @property {readonly [number, number] | null} version null when unknown or not asked for
 *
 * @typedef {object} Facts
 * @property {boolean} modulesCurrent node_modules holds what package-lock.json names
 * @property {ReadonlyMap<string, Finding>} tools by name
 * @property {boolean} isRoot
 * @property {boolean} hasApt
 * @property {boolean} postgresqlCommonInstalled
 * @property {'absent' | 'refuses' | 'allows'} startPolicy what /usr/sbin/policy-rc.d says to the start of a service
 * @property {'here' | 'absent' | 'misnamed' | 'unwanted'} consul what the tests of elections run; `misnamed`: CONSUL_BIN is
 *   set, and is no program
 *
 * @typedef {{ kind: 'modules' } | { kind: 'consul' }
 *   | { kind: 'packages', packages: readonly string[], withoutMainCluster: boolean, writePolicy: boolean }} Step
 *
 * @typedef {{ steps: readonly Step[], refusal: readonly string[] }} Plan `refusal`: sentences; empty when the steps will do
 */

/** The PostgreSQL versions that are supported, the newest first. */
export const postgresqlVersions = [18, 17, 16, 15];

/** The programs of one PostgreSQL version that a node runs; they lie in /usr/lib/postgresql/<version>/bin. */
export const postgresqlBinaries = [
  'postgres',
  'initdb',
  'pg_ctl',
  'pg_basebackup',
  'pg_rewind',
  'pg_controldata',
  'psql',
];

/** @type {readonly Tool[]} */
export const tools = [
  {
    name: 'PostgreSQL 15 to 18',
    binaries: postgresqlBinaries,
    packages: ['postgresql', 'postgresql-client'],
    version: null,
  },
  {
    name: 'etcd 3.4 to 3.6',
    binaries: ['etcd'],
    packages: ['etcd-server'],
    version: { argv: ['etcd', '--version'], from: [3, 4], before: [3, 7] },
  },
  { name: 'etcdctl', binaries: ['etcdctl'], packages: ['etcd-client'], version: null },
  {
    name: 'HAProxy 2.6 or newer',
    binaries: ['haproxy'],
    packages: ['haproxy'],
    version: { argv: ['haproxy', '-v'], from: [2, 6], before: [Infinity, 0] },
  },
  {
    name: 'OpenSSL 3',
    binaries: ['openssl'],
    packages: ['openssl'],
    version: { argv: ['openssl', 'version'], from: [3, 0], before: [4, 0] },
  },
  {
    name: 'util-linux',
    binaries: ['setpriv', 'nsenter', 'unshare'],
    packages: ['util-linux'],
    version: null,
  },
  { name: 'wrk (for the benchmarks)', binaries: ['wrk'], packages: ['wrk'], version: null },
  { name: 'iproute2', binaries: ['ip', 'ss', 'tc'], packages: ['iproute2'], version: null },
  {
    name: 'nftables and socat (for faults of the network)',
    binaries: ['nft', 'socat'],
    packages: ['nftables', 'socat'],
    version: null,
  },
  {
    name: 'libfaketime (for faults of clocks)',
    binaries: ['faketime'],
    packages: ['faketime'],
    version: null,
  },
  {
    name: 'rsyslog with TLS (for the tests of forwarded audit records)',
    binaries: ['rsyslogd'],
    libraries: ['rsyslog/lmnsd_gtls.so'],
    packages: ['rsyslog', 'rsyslog-gnutls'],
    version: null,
  },
];

/**
 * @param {Facts} facts
 * @returns {Plan}
 */
export function planSetup(facts) {
  const unsupported = tools.flatMap((tool) => unsupportedVersion(tool, facts.tools.get(tool.name)));
  const packages = missingPackages(facts);
  const refusal = [
    ...unsupported,
    ...(packages.length === 0 ? [] : whyNotInstall(facts, packages)),
    ...whyNoConsul(facts),
  ];
  if (refusal.length > 0) return { steps: [], refusal };
  /** @type {Step[]} */
  const steps = [];
  if (packages.length > 0) {
    steps.push({
      kind: 'packages',
      packages,
      // An administrator's settings are left alone; where there are none yet, no cluster nobody asked for is made.
      withoutMainCluster: packages.includes('postgresql') && !facts.postgresqlCommonInstalled,
      writePolicy: facts.startPolicy === 'absent',
    });
  }
  if (!facts.modulesCurrent) steps.push({ kind: 'modules' });
  if (facts.consul === 'absent') steps.push({ kind: 'consul' });
  return { steps, refusal: [] };
}

/**
 * Bringing Consul takes apt, and no root: it is unpacked, not installed.
 *
 * @param {Facts} facts
 */
function whyNoConsul({ consul, hasApt }) {
  if (consul === 'misnamed')
    return ['CONSUL_BIN is set, but names no program that can be run. Correct it, or unset it.'];
  if (consul === 'absent' && !hasApt) {
    return [
      'Missing: Consul, for the tests. This system has no apt-get to take it from Debian: set CONSUL_BIN to a Consul program (1.8 or newer).',
    ];
  }
  return [];
}

/**
 * The Debian packages that bring what is not there.
 *
 * @param {Pick<Facts, 'tools'>} facts
 * @returns {readonly string[]}
 */
export function missingPackages(facts) {
  const lacking = tools.filter((tool) => facts.tools.get(tool.name)?.missing.length !== 0);
  return [...new Set(lacking.flatMap((tool) => tool.packages))];
}

/**
 * @param {Facts} facts
 * @param {readonly string[]} packages
 */
function whyNotInstall(facts, packages) {
  const command = `apt-get install ${packages.join(' ')}`;
  const wanted = tools
    .filter((tool) => tool.packages.some((name) => packages.includes(name)))
    .map((tool) => tool.name);
  if (!facts.hasApt) {
    return [
      `Missing: ${wanted.join(', ')}. This system has no apt-get: install them with its own package manager (Debian calls them ${packages.join(' ')}).`,
    ];
  }
  if (!facts.isRoot) return [`Missing: ${wanted.join(', ')}. Run this as root, or have root run: ${command}`];
  if (facts.startPolicy === 'allows') {
    return [
      `Missing: ${wanted.join(', ')}. /usr/sbin/policy-rc.d exists and lets services start, so installing would start PostgreSQL, etcd and HAProxy on this machine. Let it answer 101 for the time being, or run by hand: ${command}`,
    ];
  }
  return [];
}

/**
 * @param {Tool} tool
 * @param {Finding | undefined} finding
 */
function unsupportedVersion(tool, finding) {
  const found = finding?.version ?? null;
  if (tool.version === null || found === null) return [];
  if (!isBefore(found, tool.version.from) && isBefore(found, tool.version.before)) return [];
  return [`${tool.binaries[0]} ${found.join('.')} is installed, but ${tool.name} is needed.`];
}

/**
 * @param {readonly [number, number]} version
 * @param {readonly [number, number]} bound
 */
function isBefore(version, bound) {
  return version[0] < bound[0] || (version[0] === bound[0] && version[1] < bound[1]);
}

/**
 * The first `major.minor` in what a program says of itself.
 *
 * @param {string} text
 * @returns {readonly [number, number] | null}
 */
export function readVersion(text) {
  const match = /(\d+)\.(\d+)/u.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2])];
}

/**
 * Whether npm's record of what is installed (node_modules/.package-lock.json) holds all that the lockfile names.
 * Contents are compared, not dates: a checkout gives every file a new date. Optional packages (builds for other systems)
 * may be absent.
 *
 * @param {string} lockfile text of package-lock.json
 * @param {string | null} installed text of node_modules/.package-lock.json; null when there is none
 */
export function modulesAreCurrent(lockfile, installed) {
  if (installed === null) return false;
  const wanted = packagesOf(lockfile);
  const present = packagesOf(installed);
  for (const [path, entry] of wanted) {
    if (path === '') continue; // the project itself
    const found = present.get(path);
    if (found === undefined && entry.optional !== true) return false;
    if (found !== undefined && (found.version !== entry.version || found.integrity !== entry.integrity))
      return false;
  }
  return [...present.keys()].every((path) => wanted.has(path));
}

/**
 * @param {string} text
 * @returns {Map<string, { version?: string, integrity?: string, optional?: boolean }>}
 */
function packagesOf(text) {
  try {
    return new Map(Object.entries(JSON.parse(text).packages ?? {}));
  } catch {
    return new Map(); // npm was interrupted while it wrote: install again
  }
}
