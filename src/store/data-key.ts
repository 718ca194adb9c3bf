import { readFile, stat } from 'node:fs/promises';
import { Problem } from '../core/problem.ts';
import { type DataKey, dataKeyOf } from './cipher.ts';

const keyBytes = 32;

/**
 * Reads the data key: a file that only its owner may read, with 32 bytes in base64.
 *
 * @throws Problem `data_key_invalid`
 */
export async function readDataKey(path: string): Promise<DataKey> {
  const refuse = (why: string, cause?: unknown): Problem =>
    new Problem('data_key_invalid', `dataKeyFile: ${path} ${why}`, { cause });
  let text: string;
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) throw refuse('can be read by others; set its mode to 0600');
    text = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw refuse('cannot be read; is it there, and does it belong to the user Holdfast runs as?', error);
  }
  const key = Buffer.from(text, 'base64');
  if (key.length !== keyBytes || key.toString('base64') !== text) {
    throw refuse('does not hold the base64 of 32 bytes; make one with: openssl rand -base64 32');
  }
  return dataKeyOf(key);
}
