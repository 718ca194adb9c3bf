import { readFile, stat } from 'node:fs/promises';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';

/**
 * A key, password or token: the one line of a file that nobody else can read.
 *
 * @param field that named the file, for messages
 * @throws Problem `config_invalid`
 */
export async function readKeyFile(field: string, path: string): Promise<Secret<string>> {
  const refuse = (why: string): Problem => new Problem('config_invalid', `${field}: ${path} ${why}`);
  try {
    if (((await stat(path)).mode & 0o077) !== 0)
      throw refuse(`can be read by others; run "chmod 600 ${path}".`);
    const text = textOf(await readFile(path))?.replace(/\r?\n$/u, '') ?? null;
    if (text === null) throw refuse('is no text in UTF-8.');
    if (text === '' || /[\r\n\0]/u.test(text)) throw refuse('must hold one line.');
    return new Secret(text);
  } catch (error) {
    if (error instanceof Problem || !(error instanceof Error)) throw error;
    throw refuse(`cannot be read (${'code' in error ? String(error.code) : error.name}).`);
  }
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The certificates of an authority. @throws Problem `config_invalid` */
export async function readAuthorityFile(field: string, path: string | null): Promise<string | null> {
  if (path === null) return null;
  try {
    const text = await readFile(path, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    throw new Problem('config_invalid', `${field}: ${path} cannot be read (${code}).`);
  }
  throw new Problem('config_invalid', `${field}: ${path} holds no certificate in PEM form.`);
}
