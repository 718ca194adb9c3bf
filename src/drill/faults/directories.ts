import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetNode } from '../target.ts';
import { type Fault, nodeNamed, type Scene, type Struck } from './fault.ts';
import { dead, synchronousStandby } from './kills.ts';
import { signalAll, walSendersOf } from './processes.ts';

const master = ({ status }: Scene): string | null => status.master;

/** Faults of what PostgreSQL and etcd keep: ruined while the node is dead, for nobody but the node itself to mend. */
export const directories: readonly Fault[] = [
  ruined('wiped-data-master', 'the data directories of the master are wiped', master, wipe),
  ruined(
    'wiped-data-standby',
    'the data directories of the synchronous standby are wiped',
    synchronousStandby,
    wipe,
  ),
  ruined(
    'wiped-etcd',
    'the etcd directory of the synchronous standby is wiped',
    synchronousStandby,
    wipeEtcd,
  ),
  ruined(
    'corrupted-control-master',
    'pg_control of the master is overwritten',
    master,
    overwrite('global/pg_control'),
  ),
  ruined(
    'corrupted-control-standby',
    'pg_control of the synchronous standby is overwritten',
    synchronousStandby,
    overwrite('global/pg_control'),
  ),
  ruined(
    'corrupted-version-standby',
    'PG_VERSION of the synchronous standby is overwritten',
    synchronousStandby,
    overwrite('PG_VERSION'),
  ),
  ruined(
    'corrupted-map-standby',
    'the map of the catalogue of the synchronous standby is overwritten',
    synchronousStandby,
    overwrite('global/pg_filenode.map'),
  ),
  {
    name: 'rewind-fails',
    about: 'kill -9 of everything on the master, whose log went on alone; pg_rewind fails when it is back',
    lastsTtls: 0,
    hindrance: async () =>
      process.getuid?.() === 0
        ? null
        : 'Only root can put something into a data directory that pg_rewind may not read.',
    strike: failRewind,
  },
];

/** A fault that kills a whole node, ruins what it left, and keeps it dead for as long as the cluster needs to notice. */
function ruined(
  name: string,
  about: string,
  whose: (scene: Scene) => string | null,
  ruin: (node: TargetNode) => Promise<void>,
): Fault {
  return dead(name, `kill -9 of everything, and ${about}`, (scene) => [whose(scene)], { ruin });
}

/** One directory is emptied, the other is gone. */
async function wipe(node: TargetNode): Promise<void> {
  await empty(node.dataDir);
  await rm(join(node.dir, 'audit', 'pgdata'), { recursive: true });
}

async function wipeEtcd(node: TargetNode): Promise<void> {
  await empty(join(node.dir, 'etcd'));
}

async function empty(dir: string): Promise<void> {
  const names = await readdir(dir);
  if (names.length === 0) throw new Error(`${dir} is empty already`);
  for (const name of names) await rm(join(dir, name), { recursive: true });
}

/** Random bytes, as many as there were. */
function overwrite(name: string): (node: TargetNode) => Promise<void> {
  return async ({ dataDir }) => {
    const path = join(dataDir, name);
    const { size } = await stat(path);
    await writeFile(path, randomBytes(size), { flag: 'r+' });
  };
}

/** How long the log of the master goes on without anybody receiving it. Milliseconds. */
const aheadMs = 300;
const failureMs = 60_000;
const lookMs = 20;

/**
 * The master stops sending, writes on for a moment and dies: its log has parted from that of the next one. A directory
 * that PostgreSQL's user may not read is put among its files, which a server ignores and pg_rewind does not.
 */
async function failRewind(scene: Scene): Promise<Struck> {
  const node = await nodeNamed(scene.target, scene.status.master);
  const senders = walSendersOf(node);
  signalAll(senders, 'SIGSTOP');
  await sleep(aheadMs);
  const obstacle = join(node.dataDir, 'holdfast-drill');
  const death = dead('', '', () => [node.name], {
    ruin: () => mkdir(obstacle, { mode: 0o700 }).then(() => undefined),
  });
  const killed = await death.strike(scene);
  const remains = (): Promise<boolean> => stat(obstacle).then(isThere, isNotThere);
  const isCopied = (): Promise<boolean> => stat(join(node.dir, 'data', 'copying')).then(isThere, isNotThere);
  return {
    targets: killed.targets,
    takesEffect: async () => {
      if (senders.length === 0 || !(await killed.takesEffect())) return false;
      await sleep(death.lastsTtls * scene.status.ttlMs, undefined, { signal: scene.signal }).catch(
        () => undefined,
      );
      await killed.undo();
      const giveUpAt = performance.now() + failureMs;
      while (!scene.signal.aborted && performance.now() < giveUpAt) {
        if ((await isCopied()) || !(await remains())) return true;
        await sleep(lookMs);
      }
      return false;
    },
    undo: async () => {
      await killed.undo();
      // Where it was not copied: nobody could copy this node.
      if (!(await isCopied())) await rm(obstacle, { recursive: true, force: true });
    },
  };
}

const isThere = (): boolean => true;
const isNotThere = (): boolean => false;
