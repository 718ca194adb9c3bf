import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decodeRecord } from '../core/failover/codec.ts';
import { Problem } from '../core/problem.ts';
import { readFileIfThere, writeFileAtomically } from '../runtime/files.ts';
import { resolveRunAs } from '../runtime/run-as.ts';
import type { KnownProcess } from './processes.ts';
import type { DemoShape } from './plan.ts';

/** Who PostgreSQL and etcd run as when root starts the demo. */
export const unprivilegedUser = 'postgres';

/** What is kept of a demo between its runs: `plan.json`, which also marks the directory as one of ours. 0600. */
export interface DemoRecord {
  readonly product: 'holdfast-demo';
  readonly version: 1;
  readonly shape: DemoShape;
  /** The nodes that are made and need only be started. */
  readonly made: readonly string[];
  /** The admin's API key, which `init` prints once. */
  readonly apiKey: string | null;
}

/** What runs: `processes.json`. */
export interface RunningRecord {
  readonly supervisor: KnownProcess;
  readonly processes: readonly KnownProcess[];
}

/** The record of the demo in `dir`, or null when there is none. @throws Problem `config_invalid` */
export async function readRecord(dir: string): Promise<DemoRecord | null> {
  const record = await readJson<Partial<DemoRecord>>(join(dir, 'plan.json'));
  if (record === null) return null;
  if (isOurs(record)) return { ...record, shape: { ...laterFields, ...record.shape } };
  throw new Problem(
    'config_invalid',
    `${join(dir, 'plan.json')} is not one that this version of the demo wrote.`,
  );
}

/** What an earlier version of the demo did not write down. */
const laterFields = { subnet: null, diskMegabytes: null, fakeClocks: false };

function isOurs(record: Partial<DemoRecord>): record is DemoRecord {
  return record.product === 'holdfast-demo' && record.version === 1 && record.shape !== undefined;
}

export async function writeRecord(dir: string, record: DemoRecord): Promise<void> {
  await writeFileAtomically(join(dir, 'plan.json'), `${JSON.stringify(record, null, 2)}\n`);
}

/** What runs in `dir`, as far as was written down; null: nothing. */
export async function readRunning(dir: string): Promise<RunningRecord | null> {
  return readJson<RunningRecord>(join(dir, 'processes.json'));
}

export async function writeRunning(dir: string, running: RunningRecord): Promise<void> {
  await writeFileAtomically(join(dir, 'processes.json'), `${JSON.stringify(running, null, 2)}\n`);
}

/** Takes away what says that a demo runs. */
export async function forgetRunning(dir: string): Promise<void> {
  await rm(join(dir, 'demo.json'), { force: true });
  await rm(join(dir, 'processes.json'), { force: true });
}

/**
 * Makes the directory of a demo, or makes sure that it is one; with `fresh`, an empty one.
 *
 * @returns the record of the demo that is there
 * @throws Problem `directory_not_ours`, `config_invalid` when PostgreSQL's user could not get there
 */
export async function prepareDirectory(dir: string, fresh: boolean): Promise<DemoRecord | null> {
  await mkdir(dir, { recursive: true, mode: 0o711 });
  const record = await readRecord(dir);
  const content = await readdir(dir);
  if (record === null && content.length > 0) {
    throw new Problem(
      'directory_not_ours',
      `--dir: ${dir} is not empty and holds no demo; name another directory, nothing was touched.`,
    );
  }
  await makePassable(dir);
  if (record === null || !fresh) return record;
  // The mark goes last: an interrupted wipe can be run again.
  const others = content.filter((name) => name !== 'plan.json');
  for (const name of [...others, 'plan.json']) await rm(join(dir, name), { recursive: true, force: true });
  return null;
}

/** PostgreSQL does not run as root, so when root starts the demo, another user must get to the directory. */
async function makePassable(dir: string): Promise<void> {
  const user = resolveRunAs(unprivilegedUser);
  if (user === null) return;
  const { mode } = await stat(dir);
  if ((mode & 0o001) === 0) await chmod(dir, (mode & 0o777) | 0o011);
  for (let parent = dirname(dir); ; parent = dirname(parent)) {
    const { mode: bits, uid, gid } = await stat(parent);
    const needed = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((bits & needed) === 0) {
      throw new Problem(
        'config_invalid',
        `--dir: the user "${user.name}", as whom PostgreSQL runs, cannot get through ${parent} to ${dir}. Name another --dir, or run: chmod o+x ${parent}`,
      );
    }
    if (parent === dirname(parent)) return;
  }
}

/** Only the demo writes here (0600), so an object is taken for the record it should be. */
async function readJson<T extends object>(path: string): Promise<T | null> {
  const text = await readFileIfThere(path);
  if (text === null) return null;
  const record = decodeRecord<T>(text);
  if (record === null) throw new Problem('config_invalid', `${path} cannot be read as JSON.`);
  return record;
}
