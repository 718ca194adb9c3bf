import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
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
    lastsTtls: 3,
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
export async function wipe(node: TargetNode): Promise<void> {
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
export function overwrite(name: string): (node: TargetNode) => Promise<void> {
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
  const clear = (): Promise<void> => rm(obstacle, { recursive: true, force: true });
  return {
    targets: killed.targets,
    takesEffect: async () => senders.length > 0 && (await killed.takesEffect()),
    undo: async () => {
      await killed.undo();
      if (scene.signal.aborted) await clear();
    },
    hadEffect: async () => {
      try {
        return await isCopied(node, obstacle, scene.signal);
      } finally {
        await clear();
      }
    },
  };
}

/** Whether a copy replaces the directory with the obstacle in it, instead of a rewind. */
async function isCopied(node: TargetNode, obstacle: string, signal: AbortSignal): Promise<boolean> {
  const giveUpAt = performance.now() + failureMs;
  while (!signal.aborted && performance.now() < giveUpAt) {
    if (existsSync(join(node.dir, 'data', 'copying')) || !existsSync(obstacle)) return true;
    await sleep(lookMs);
  }
  return false;
}
