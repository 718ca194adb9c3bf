import { open, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, nodeNamed, type Scene, type Struck } from './fault.ts';
import { synchronousStandby } from './kills.ts';

/** Faults of disks, for three ttl. They need a demo whose nodes have disks of their own. */
export const disks: readonly Fault[] = [
  full('disk-full-master', 'the disk of the master', ({ status }) => status.master),
  full('disk-full-standby', 'the disk of the synchronous standby', synchronousStandby),
];

const pieceBytes = 16 * 1024 * 1024;
const smallBytes = 4096;
/** What is deleted leaves room: it is filled again so often. */
const againMs = 50;
const effectMs = 30_000;
const lookMs = 20;

function full(name: string, whose: string, find: (scene: Scene) => string | null): Fault {
  return {
    name,
    about: `${whose} is full, for three ttl`,
    lastsTtls: 3,
    hindrance: async (target) =>
      (await target.nodes()).some(({ disk }) => disk === null)
        ? 'The nodes of this demo share the disk of the machine; start it with: npm run demo -- --small-disks 1024'
        : null,
    strike: async (scene) => {
      const node = await nodeNamed(scene.target, find(scene));
      if (node.disk === null) throw new Error(`${node.name} has no disk of its own`);
      const keepsMaster = node.name !== scene.status.master;
      return { ...(await fill(node.name, node.disk)), keepsMaster };
    },
  };
}

/** Fills a file system with a file that has no name: whatever ends this process gives the room back. */
export async function fill(name: string, disk: string): Promise<Struck> {
  const path = join(disk, 'drill-fills-this-disk');
  const file = await open(path, 'wx', 0o600);
  await unlink(path);
  const released = new AbortController();
  const piece = Buffer.alloc(pieceBytes);
  const write = async (bytes: Buffer): Promise<void> => {
    while (!released.signal.aborted) {
      try {
        await file.write(bytes);
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return;
        throw error;
      }
    }
  };
  const keepFull = async (): Promise<void> => {
    try {
      while (!released.signal.aborted) {
        await write(piece);
        await write(piece.subarray(0, smallBytes));
        await sleep(againMs, undefined, { signal: released.signal }).catch(() => undefined);
      }
    } finally {
      await file.close();
    }
  };
  const keeping = keepFull();
  keeping.catch(() => undefined); // told by undo
  return {
    targets: [name],
    takesEffect: async () => {
      const giveUpAt = performance.now() + effectMs;
      while ((await statfs(disk)).bavail > 0) {
        if (performance.now() > giveUpAt) return false;
        await sleep(lookMs);
      }
      return true;
    },
    undo: async () => {
      released.abort();
      await keeping;
    },
  };
}
