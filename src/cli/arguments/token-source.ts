import { readFile } from 'node:fs/promises';
import { Problem, describeError } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';

export interface TokenArguments {
  readonly tokenFile?: string;
  readonly token?: string;
}

/** The longest text that is looked at, in bytes; a token has some 300. */
const limitBytes = 4096;

const ways = 'Give it with --token-file FILE, on standard input (--token-file -), or in HOLDFAST_JOIN_TOKEN.';

/**
 * The join token, from a file, standard input or the environment. One on the command line is taken too: it works once,
 * so `onExposed` may say that others could see it, but it need not be refused.
 *
 * @throws Problem `usage` when there is none, or more than one
 */
export async function readToken(
  given: TokenArguments,
  fromEnvironment: Secret<string> | null,
  stdin: NodeJS.ReadStream,
  onExposed: () => void,
): Promise<Secret<string>> {
  if (given.token !== undefined && given.tokenFile !== undefined) {
    throw new Problem('usage', '--token and --token-file: give one of them.');
  }
  if (given.token !== undefined && given.token !== '-') {
    onExposed();
    return usable(given.token, '--token');
  }
  if (given.tokenFile !== undefined && given.tokenFile !== '-') return readTokenFile(given.tokenFile);
  const asked = given.tokenFile === '-' || given.token === '-';
  if (!asked && fromEnvironment !== null) return fromEnvironment;
  if (!asked && stdin.isTTY) throw new Problem('usage', `--token-file: a join token is needed. ${ways}`);
  return usable(await readAll(stdin), 'standard input');
}

async function readTokenFile(path: string): Promise<Secret<string>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new Problem('usage', `--token-file: ${path} cannot be read (${describeError(error)}).`, {
      cause: error,
    });
  }
  return usable(text, path);
}

async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > limitBytes) break;
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString();
}

function usable(text: string, where: string): Secret<string> {
  const token = text.trim();
  if (token === '') throw new Problem('usage', `--token-file: ${where} holds no join token. ${ways}`);
  if (token.length > limitBytes)
    throw new Problem('usage', `--token-file: ${where} is too long for a join token.`);
  return new Secret(token);
}
