import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../core/problem.ts';
import { readFileIfThere } from '../runtime/files.ts';
import { readProcess } from '../runtime/process-facts.ts';
import type { DemoPlan } from './plan.ts';

/*
 * The wall clock of a node is that of the machine plus an offset, which stands in a file and may change at any time
 * (libfaketime, loaded into its processes before all else). The product knows nothing of it: it gives its children an
 * environment of its own making, but finds `setpriv`, through which it starts every long-lived one, on its PATH; there a
 * script of the demo stands before the real one. etcd keeps the machine's clock: Go asks the kernel, not the C library.
 *
 *   clocks/n1/offset    what is added to the time of the machine: "+0s", "-3600s"
 *   clocks/n1/run       starts the node
 *   clocks/n1/setpriv   stands before /usr/bin/setpriv
 *   clocks/pids         whom libfaketime was loaded into: it leaves two small files of each that is killed
 */

/** Where Debian's package puts the library, below the directory of each machine architecture. */
const librariesDir = '/usr/lib';
const sharedMemory = '/dev/shm';

interface Libraries {
  readonly plain: string;
  /** For programs with threads. Its lock must not be met twice, as PostgreSQL's signal handlers would. */
  readonly threads: string;
}

/** @throws Problem `missing_binary` that says what to install */
export async function requireFakeClocks(): Promise<void> {
  await findLibraries();
}

/** Writes the scripts and sets each clock right. */
export async function layClocks({ nodes }: DemoPlan): Promise<void> {
  const libraries = await findLibraries();
  for (const { clock } of nodes) {
    if (clock === null) continue;
    const dir = dirname(clock);
    await mkdir(dir, { recursive: true, mode: 0o755 });
    await writeFile(clock, '+0s\n', { mode: 0o644 });
    const setting = { clock, libraries, pids: join(dirname(dir), 'pids') };
    for (const [name, text] of [
      ['run', runScript(setting)],
      ['setpriv', setprivScript(setting)],
    ] as const) {
      await writeFile(join(dir, name), text);
      await chmod(join(dir, name), 0o755);
    }
  }
}

/** The words to put before a command so that it has the clock of that file (nothing when that is null). */
export function withClock(clock: string | null): readonly string[] {
  return clock === null ? [] : [join(dirname(clock), 'run')];
}

/** Takes away what libfaketime left of processes that were killed. */
export async function clearClocks({ nodes }: DemoPlan): Promise<void> {
  const clock = nodes.find((node) => node.clock !== null)?.clock ?? null;
  if (clock === null) return;
  const pids = join(dirname(dirname(clock)), 'pids');
  const known = ((await readFileIfThere(pids)) ?? '').split('\n').filter((line) => /^\d+$/u.test(line));
  for (const pid of new Set(known)) {
    if (readProcess(Number(pid)) === null) {
      for (const name of leftovers(pid)) await rm(join(sharedMemory, name), { force: true });
    }
  }
  await rm(pids, { force: true });
}

function leftovers(pid: string): readonly string[] {
  return [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`];
}

interface ScriptSetting {
  readonly clock: string;
  readonly libraries: Libraries;
  readonly pids: string;
}

function runScript({ clock, libraries, pids }: ScriptSetting): string {
  const dir = dirname(clock);
  return [
    '#!/bin/sh',
    ...forget(pids),
    `PATH=${quoted(dir)}:$PATH`,
    ...variables(clock, libraries.threads).map((word) => `export ${word}`),
    'exec "$@"',
    '',
  ].join('\n');
}

/** Puts the library before the program that stands after "--", unless an outer setpriv has done it. */
function setprivScript({ clock, libraries, pids }: ScriptSetting): string {
  const before = (library: string): string => `env ${variables(clock, library).join(' ')}`;
  return [
    '#!/bin/sh',
    'if [ -z "$HOLDFAST_CLOCK" ]; then',
    'export HOLDFAST_CLOCK=1',
    ...forget(pids),
    'seen=',
    'for word; do',
    '  shift',
    '  if [ "$seen" = -- ]; then',
    '    seen=all',
    '    case $word in',
    '      */etcd) ;;',
    `      */node) set -- "$@" ${before(libraries.threads)} ;;`,
    `      *) set -- "$@" ${before(libraries.plain)} ;;`,
    '    esac',
    '  elif [ -z "$seen" ] && [ "$word" = -- ]; then',
    '    seen=--',
    '  fi',
    '  set -- "$@" "$word"',
    'done',
    'fi',
    'exec /usr/bin/setpriv "$@"',
    '',
  ].join('\n');
}

/** What is left of a dead process with this one's number may belong to another user, and would end this one. */
function forget(pids: string): readonly string[] {
  const files = leftovers('$$').map((name) => `${sharedMemory}/${name}`);
  return [`rm -f ${files.join(' ')}`, `echo $$ >>${quoted(pids)}`];
}

/** The monotonic clock and the times of files stay true; the offset is read once a second, since each reading costs. */
function variables(clock: string, library: string): readonly string[] {
  return [
    `LD_PRELOAD=${quoted(library)}`,
    `FAKETIME_TIMESTAMP_FILE=${quoted(clock)}`,
    'FAKETIME_CACHE_DURATION=1',
    'FAKETIME_DONT_FAKE_MONOTONIC=1',
    'NO_FAKE_STAT=1',
  ];
}

async function findLibraries(): Promise<Libraries> {
  for (const architecture of await namesIn(librariesDir)) {
    const dir = join(librariesDir, architecture, 'faketime');
    const names = await namesIn(dir);
    if (names.includes('libfaketime.so.1') && names.includes('libfaketimeMT.so.1')) {
      return { plain: join(dir, 'libfaketime.so.1'), threads: join(dir, 'libfaketimeMT.so.1') };
    }
  }
  throw new Problem(
    'missing_binary',
    '--fake-clocks: libfaketime is not installed. Install it (apt-get install faketime), or leave the option out.',
  );
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch {
    return []; // no directory
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
