import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../core/problem.ts';
import { makeDirectory } from '../../runtime/files.ts';
import { askHolder } from './ask-holder.ts';
import { giveToOwner } from './beside.ts';
import { removeLeftovers } from './leftovers.ts';
import { lockSuffix, throughFolder } from './lock-names.ts';
import { unusable } from './unusable.ts';

export interface DirectoryLock {
  /** Whether others find it still: no longer, when the directory was deleted. A file system that does not answer says nothing. */
  readonly isThere: () => Promise<boolean>;
  readonly release: () => Promise<void>;
}

/** Two that start in the same moment see each other and try again, each after a pause of its own. */
const tries = 5;
const longestPauseMs = 200;
const probeMs = 1000;
const mostAsking = 16;
/** Whoever asks and does not read is left. */
const readWithinMs = 5000;

/**
 * Takes a state directory for this process: two synchronizers in one would each write over what the other remembers.
 *
 * Whoever wants it listens on a Unix socket of its own in it, and then looks whether another one answers there. The kernel closes
 * the socket of a process that is gone, however it went, and it answers across containers and network namespaces, where neither a
 * process id nor a name in the abstract namespace means anything. No socket's name is ever used again, so that one that refuses can be
 * deleted by anybody.
 *
 * @param tell what is said to whoever asks the holder (`askHolder`)
 * @throws Problem `state_in_use`; `config_invalid`, `disk_full` when the directory cannot be used
 */
export async function lockStateDirectory(
  directory: string,
  tell: () => string = () => '',
): Promise<DirectoryLock> {
  const folder = await openFolder(directory);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const held = await claim(folder, directory, tell);
      if (held !== null) {
        await removeLeftovers(directory);
        return held;
      }
      if (attempt === tries)
        throw new Problem(
          'state_in_use',
          `stateDirectory: another synchronizer works in ${directory}. Stop it, or give this one a directory of its own.`,
        );
      await sleep(Math.random() * longestPauseMs);
    }
  } catch (error) {
    await folder.close();
    throw error;
  }
}

/** Does `work` with the directory taken. @throws as `lockStateDirectory`, and what `work` throws */
export async function whileLocked<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const lock = await lockStateDirectory(directory);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** Whether a synchronizer works in this directory now. Nothing is made: whoever only looks must not own it. */
export async function isLocked(directory: string): Promise<boolean> {
  return (await askHolder(directory)) !== null;
}

/** null: somebody else is there, or may be. */
async function claim(
  folder: FileHandle,
  directory: string,
  tell: () => string,
): Promise<DirectoryLock | null> {
  const own = `${randomBytes(8).toString('hex')}${lockSuffix}`;
  const server = createServer((socket) => answer(socket, tell()));
  server.maxConnections = mostAsking;
  server.unref();
  const release = async (): Promise<void> => {
    await rm(join(directory, own), { force: true });
    const closed = once(server, 'close');
    server.close();
    await closed;
  };
  await listenIn(server, folder, own, directory);
  const isAlone = !(await othersAnswer(folder, directory, own));
  // One that looked between our bind and our listen has deleted our name: nobody would find us.
  const inode = isAlone ? await inodeOf(join(directory, own)) : null;
  if (typeof inode === 'number') {
    return {
      isThere: async () => {
        const found = await inodeOf(join(directory, own));
        return found === inode || found === 'unknown';
      },
      release: async () => {
        await release();
        await folder.close();
      },
    };
  }
  await release();
  return null;
}

/** null: nothing is there. A file system that does not answer says nothing. */
async function inodeOf(path: string): Promise<number | 'unknown' | null> {
  try {
    return (await stat(path)).ino;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    return code === 'ENOENT' || code === 'ENOTDIR' ? null : 'unknown';
  }
}

/** Most only try whether somebody is there, and are gone by now. */
function answer(socket: Socket, said: string): void {
  socket.on('error', () => undefined);
  socket.setTimeout(readWithinMs, () => socket.destroy());
  socket.unref();
  socket.end(said, () => socket.destroy());
}

async function othersAnswer(folder: FileHandle, directory: string, own: string | null): Promise<boolean> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(lockSuffix) && name !== own);
  for (const name of names) {
    if (await answers(folder, name)) return true;
    await rm(join(directory, name), { force: true });
  }
  return false;
}

/** Only a refusal, or that it is gone, says that nobody is there: a process that was stopped answers late, and is one. */
async function answers(folder: FileHandle, name: string): Promise<boolean> {
  const socket = connect(throughFolder(folder, name));
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(probeMs) });
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    return code !== 'ECONNREFUSED' && code !== 'ENOENT';
  } finally {
    socket.destroy();
  }
}

async function openFolder(directory: string): Promise<FileHandle> {
  try {
    await makeDirectory(directory, 0o700);
    return await open(directory, 'r');
  } catch (error) {
    throw unusable(directory, error);
  }
}

async function listenIn(server: Server, folder: FileHandle, name: string, directory: string): Promise<void> {
  server.listen(throughFolder(folder, name));
  try {
    await once(server, 'listening');
    // One that is left behind must refuse its directory's owner, and not deny him: a denial counts as an answer.
    await giveToOwner(join(directory, name));
  } catch (error) {
    throw unusable(directory, error);
  }
}
