import { once } from 'node:events';
import { open, readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { lockSuffix, throughFolder } from './lock-names.ts';
import { unusable } from './unusable.ts';

const answerMs = 2000;
/** A status has at most 10,000 failures and 1000 reports; this is several times as much. */
const answerLimitBytes = 64 * 1024 * 1024;

/**
 * What the process says that holds a state directory: an empty text when it says nothing, as one that was stopped. Null: nobody holds it.
 * Nothing is made or deleted: whoever only looks must not own the directory.
 *
 * @throws Problem when the directory cannot be read
 */
export async function askHolder(directory: string): Promise<string | null> {
  const folder = await open(directory, 'r').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw unusable(directory, error);
  });
  if (folder === null) return null;
  try {
    let said: string | null = null;
    for (const name of await readdir(directory)) {
      if (name.endsWith(lockSuffix)) said = (await ask(throughFolder(folder, name))) ?? said;
    }
    return said;
  } finally {
    await folder.close();
  }
}

async function ask(path: string): Promise<string | null> {
  const socket = connect(path);
  const signal = AbortSignal.timeout(answerMs);
  try {
    await once(socket, 'connect', { signal });
  } catch (error) {
    socket.destroy();
    const code = error instanceof Error && 'code' in error ? error.code : null;
    return code === 'ECONNREFUSED' || code === 'ENOENT' ? null : '';
  }
  const end = (): void => void socket.destroy();
  signal.addEventListener('abort', end, { once: true });
  return readAll(socket).catch(() => '');
}

async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of socket) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > answerLimitBytes) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
