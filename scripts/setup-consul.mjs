import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { debianMirrors } from './apt-sources.mjs';

/** The last release of Debian that has Consul. Its program needs no library but libc. */
const suite = 'bullseye';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const minuteMs = 60_000;

/**
 * Where set-up puts Consul's program.
 *
 * @param {string} root the project's directory
 */
export function consulProgram(root) {
  return join(root, '.tools/consul/usr/bin/consul');
}

/**
 * Takes Debian's Consul from the machine's own mirror and unpacks it beside the project. Nothing of it is installed, and
 * the system's apt keeps its own lists: sources, state and cache of this one are in a directory that goes afterwards. The
 * signature is Debian's, checked by apt as always. Interrupted, it leaves nothing that counts as Consul.
 *
 * @param {string} root the project's directory
 * @param {(line: string) => void} say
 */
export function bringConsul(root, say) {
  if (!existsSync(keyring))
    throw new Error(`${keyring} is missing: install debian-archive-keyring, ${wayOut}`);
  const mirrors = debianMirrors(sourceFiles(), codename());
  if (mirrors.length === 0)
    throw new Error(`apt's sources name no mirror of Debian ${codename()} main: name one there, ${wayOut}`);
  mkdirSync(join(root, '.tools'), { recursive: true });
  const work = mkdtempSync(join(root, '.tools/apt-'));
  try {
    const failures = [];
    for (const mirror of mirrors) {
      say(`consul of Debian ${suite}, from ${mirror}`);
      const failure = fetchFrom(mirror, work) ?? unpack(root, work);
      if (failure === null) return;
      failures.push(`${mirror}: ${failure}`);
    }
    throw new Error(
      `Consul could not be had from Debian's ${suite}; try again, ${wayOut}\n${failures.join('\n')}`,
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const wayOut = 'or set CONSUL_BIN to a Consul program (1.8 or newer).';

/** @returns {readonly { name: string, text: string }[]} */
function sourceFiles() {
  const parts = '/etc/apt/sources.list.d';
  const names = existsSync(parts)
    ? readdirSync(parts).filter((name) => /\.(?:list|sources)$/u.test(name))
    : [];
  return ['/etc/apt/sources.list', ...names.map((name) => join(parts, name))]
    .filter((name) => existsSync(name))
    .map((name) => ({ name, text: readFileSync(name, 'utf8') }));
}

function codename() {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return /^VERSION_CODENAME="?([a-z]+)/mu.exec(text)?.[1] ?? '';
}

/**
 * @param {string} mirror
 * @param {string} work an empty directory, or one where this has been done before
 * @returns {string | null} why not
 */
function fetchFrom(mirror, work) {
  const sources = join(work, 'sources.list');
  writeFileSync(sources, `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`);
  for (const part of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(work, part), { recursive: true });
  const options = [
    `Dir::Etc::SourceList=${sources}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${join(work, 'lists')}`,
    `Dir::Cache=${join(work, 'cache')}`,
    'Dir::State::Status=/dev/null',
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
    'APT::Update::Error-Mode=any',
  ].flatMap((option) => ['-o', option]);
  return (
    command(['apt-get', ...options, '-qq', 'update'], work) ??
    command(['apt-get', ...options, '-qq', 'download', 'consul'], work)
  );
}

/**
 * @param {string} root
 * @param {string} work where the package lies
 * @returns {string | null} why not
 */
function unpack(root, work) {
  const [archive] = readdirSync(work).filter((name) => name.endsWith('.deb'));
  if (archive === undefined) return 'apt-get download brought no package';
  const unpacked = join(work, 'consul');
  const failure = command(['dpkg-deb', '--extract', archive, unpacked], work);
  if (failure !== null) return failure;
  const program = join(unpacked, 'usr/bin/consul');
  const refusal = command([program, 'version'], work);
  if (refusal !== null) return refusal;
  const place = join(root, '.tools/consul');
  rmSync(place, { recursive: true, force: true });
  renameSync(unpacked, place);
  return null;
}

/**
 * @param {readonly string[]} argv
 * @param {string} cwd
 * @returns {string | null} why it failed
 */
function command(argv, cwd) {
  const [program = '', ...args] = argv;
  const { status, stderr, error } = spawnSync(program, args, {
    cwd,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    timeout: 5 * minuteMs,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status === 0) return null;
  const lastWords = (stderr ?? '').trim().split('\n').slice(-5).join('\n');
  return `${program} ${args.at(-1)}: ${error?.message ?? `code ${status}`} ${lastWords}`;
}
