import { randomUUID } from 'node:crypto';
import { chmod, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeRecord } from '../core/failover/codec.ts';
import { Problem } from '../core/problem.ts';
import { killEveryProcess } from '../instance/kill.ts';
import { isAlive, readProcess } from '../runtime/process-facts.ts';
import { makeDirectory, readFileIfThere, writeFileAtomically } from '../runtime/files.ts';
import type { SystemUser } from '../runtime/run-as.ts';
import type { NodeLayout } from './layout.ts';
import { readNodeConfig } from './node-config.ts';
import { makeSocketsDirectory } from './sockets-directory.ts';
import { makeWayIn } from './way-in.ts';

/** `enrolment.json`: whose half-finished work a directory holds. Removed when the node is ready. */
export interface EnrolmentMark {
  readonly operation: 'init' | 'join';
  /** The same over all attempts: what an earlier one left elsewhere is known by it. */
  readonly id: string;
  /** Who is at work; 0: nobody. */
  readonly pid: number;
  readonly startTicks: number;
}

/** A directory that this process may fill. */
export interface ClaimedDirectory {
  readonly id: string;
  /** An earlier attempt of the same operation stopped half-way here. */
  readonly resumed: boolean;
}

/**
 * Takes an empty directory, or one in which an earlier attempt of the same operation stopped half-way, and marks it.
 *
 * @throws Problem `directory_not_ours` for everything else: it says what the directory holds
 */
export async function claimDirectory(
  layout: NodeLayout,
  operation: EnrolmentMark['operation'],
  runAs: SystemUser | null,
): Promise<ClaimedDirectory> {
  const left = await assertClaimable(layout, operation);
  await makeWayIn(layout.dir, runAs);
  const id = left?.id ?? randomUUID();
  if (left !== null) await rm(markFile(layout), { force: true });
  await writeMark(layout, { operation, id, ...thisProcess() });
  return { id, resumed: left !== null };
}

/** The same look without touching anything. @throws Problem `directory_not_ours` */
export async function assertClaimable(
  layout: NodeLayout,
  operation: EnrolmentMark['operation'],
): Promise<EnrolmentMark | null> {
  const names = await namesIn(layout.dir);
  if (names.length === 0) return null;
  const left = await readMark(layout);
  await assertMayGoOn(layout, names, left, operation);
  return left;
}

/** The node is whole: nothing is half-finished any more. */
export async function settleClaim(layout: NodeLayout): Promise<void> {
  await rm(markFile(layout), { force: true });
}

/** Nobody is at work here any more, but it is half-finished: the same operation may go on. */
export async function releaseClaim(layout: NodeLayout): Promise<void> {
  const left = await readMark(layout);
  if (left === null) return;
  await writeFileAtomically(markFile(layout), `${JSON.stringify({ ...left, pid: 0 })}\n`).catch(
    () => undefined,
  );
}

/** Removes what an earlier attempt made, and ends what it left running; `keepKey`: the node's private key stays. */
export async function clearHalfMade(
  layout: NodeLayout,
  options: { readonly keepKey: boolean },
): Promise<void> {
  for (const dir of Object.values(layout.instances)) {
    const { dead } = await killEveryProcess({ dir, postmaster: null }, { timeoutMs: 5000 });
    if (!dead)
      throw notOurs(layout, `processes that an earlier attempt left in ${dir} do not end`, 'End them');
  }
  const made = [
    layout.config,
    layout.authority,
    join(layout.dir, 'keys'),
    ...Object.values(layout.instances),
    layout.etcd,
    layout.sockets,
    layout.state,
    ...(options.keepKey
      ? [layout.tls.ca, layout.tls.cert, ...Object.values(layout.etcdTls)]
      : [layout.tls.dir]),
  ];
  for (const path of made) await rm(path, { recursive: true, force: true });
}

/** Makes what init and join both need; the authority, etcd and the two keys come with their contents. */
export async function makeNodeDirectories(layout: NodeLayout, runAs: SystemUser | null): Promise<void> {
  const own = async (path: string, mode: number, owner: SystemUser | null): Promise<void> => {
    await makeDirectory(path, mode, owner);
    await chmod(path, mode); // whatever the umask is
  };
  await own(layout.tls.dir, 0o755, null);
  await own(join(layout.dir, 'keys'), 0o700, null);
  await own(layout.state, 0o700, null);
  for (const dir of Object.values(layout.instances)) await own(dir, 0o700, runAs);
  await makeSocketsDirectory(layout, runAs);
}

async function assertMayGoOn(
  layout: NodeLayout,
  names: readonly string[],
  left: EnrolmentMark | null,
  operation: EnrolmentMark['operation'],
): Promise<void> {
  if (names.includes('node.json')) {
    const config = await readNodeConfig(layout.dir);
    if (config.state === 'ready') {
      const what = `holds the node ${config.name} of the cluster ${config.cluster} already`;
      throw notOurs(layout, what, `Start it with "holdfast node --dir ${layout.dir}"`);
    }
  }
  if (left === null) throw notOurs(layout, `is not empty (${names[0]}, …)`, 'Empty it');
  if (left.operation !== operation) {
    const way = `Run "holdfast ${left.operation}" again, or remove it with "rm -r ${layout.dir}"`;
    throw notOurs(layout, `holds a half-finished "holdfast ${left.operation}"`, way);
  }
  if (isAlive(left)) {
    throw notOurs(
      layout,
      `is being worked on by another "holdfast ${operation}" (process ${left.pid})`,
      'Let it end',
    );
  }
}

function notOurs(layout: NodeLayout, what: string, way: string): Problem {
  return new Problem(
    'directory_not_ours',
    `--dir: ${layout.dir} ${what}. ${way}, or choose another directory.`,
  );
}

function markFile(layout: NodeLayout): string {
  return join(layout.dir, 'enrolment.json');
}

async function readMark(layout: NodeLayout): Promise<EnrolmentMark | null> {
  const text = await readFileIfThere(markFile(layout));
  const mark = text === null ? null : decodeRecord<EnrolmentMark>(text);
  return mark !== null && typeof mark.id === 'string' && typeof mark.pid === 'number' ? mark : null;
}

/** Made exclusively: of two that start at the same time one is refused. */
async function writeMark(layout: NodeLayout, mark: EnrolmentMark): Promise<void> {
  try {
    const file = await open(markFile(layout), 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(mark)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause;
    throw notOurs(layout, `is being worked on by another "holdfast ${mark.operation}"`, 'Let it end');
  }
}

function thisProcess(): { readonly pid: number; readonly startTicks: number } {
  return { pid: process.pid, startTicks: readProcess(process.pid)?.startTicks ?? 0 };
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') {
      throw new Problem('directory_not_ours', `--dir: ${path} is not a directory. Name another one.`);
    }
    throw error;
  }
}
