import { open } from 'node:fs/promises';
import { describeError, Problem } from '../../core/problem.ts';

/** Where a command takes what must not stand on the command line. */
export interface ByteSource {
  /** The option that names a file, for messages: `--file`. */
  readonly option: string;
  /** What it said: a path, or `-` for standard input; undefined: not given. */
  readonly file: string | undefined;
  readonly limitBytes: number;
}

/**
 * The content of the file, or of standard input where that is a pipe or `-` was said; null: somebody sits at the terminal
 * and no file was named.
 *
 * @throws Problem `usage` when it cannot be read or is too long
 */
export async function readGivenBytes(source: ByteSource): Promise<Buffer | null> {
  const { option, file, limitBytes } = source;
  if (file === undefined && process.stdin.isTTY) return null;
  const name = file === undefined || file === '-' ? 'standard input' : file;
  try {
    const bytes =
      file === undefined || file === '-' ? await readStream(limitBytes) : await readFileOf(file, limitBytes);
    if (bytes !== null) return bytes;
  } catch (error) {
    throw new Problem('usage', `${option}: ${name} cannot be read (${describeError(error)}).`, {
      cause: error,
    });
  }
  throw new Problem('usage', `${option}: ${name} holds more than ${limitBytes} bytes.`);
}

async function readFileOf(path: string, limitBytes: number): Promise<Buffer | null> {
  const file = await open(path, 'r');
  try {
    return await readAll(file.createReadStream({ autoClose: false }), limitBytes);
  } finally {
    await file.close();
  }
}

function readStream(limitBytes: number): Promise<Buffer | null> {
  return readAll(process.stdin, limitBytes);
}

async function readAll(stream: AsyncIterable<unknown>, limitBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const part = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    bytes += part.length;
    if (bytes > limitBytes) return null;
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}
