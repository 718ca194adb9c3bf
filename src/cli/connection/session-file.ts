import { chmod, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { makeDirectory, readFileIfThere, writeFileAtomically } from '../../runtime/files.ts';
import type { Connection } from './choose.ts';
import { readOwnFile } from './own-file.ts';
import { forgetPosition } from './position-file.ts';

interface SessionRecord {
  readonly version: 1;
  readonly url: string;
  readonly account: string;
  readonly ca: string | null;
  readonly certificateName: string | null;
  readonly login: string;
  readonly apiKey: string;
}

/**
 * What `holdfast login` left behind; null: nothing.
 *
 * @throws Problem `usage` when others may read it, or it cannot be understood
 */
export async function readSession(file: string): Promise<Connection | null> {
  const text = await readOwnFile(file);
  if (text === null) return null;
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0) {
    throw new Problem('usage', `${file}: others can read the API key in it. Run "chmod 600 ${file}".`);
  }
  const record = parsed(text);
  if (record === null) {
    throw new Problem('usage', `${file}: it is damaged. Run "holdfast logout", then log in again.`);
  }
  return { ...record, apiKey: new Secret(record.apiKey) };
}

/** Remembers a connection: 0600, in a directory of its own that nobody else can enter. */
export async function writeSession(file: string, connection: Connection): Promise<void> {
  const { url, account, ca, certificateName, login, apiKey } = connection;
  const record: SessionRecord = {
    version: 1,
    url,
    account,
    ca,
    certificateName,
    login,
    apiKey: apiKey.reveal(),
  };
  await makeDirectory(dirname(file), 0o700);
  await chmod(dirname(file), 0o700); // also one that was there
  await writeFileAtomically(file, `${JSON.stringify(record, null, 2)}\n`);
  await forgetPosition(file); // of a server that may have been another one
}

/** @returns whether there was one */
export async function removeSession(file: string): Promise<boolean> {
  const known = (await readFileIfThere(file)) !== null;
  await rm(file, { force: true });
  await forgetPosition(file);
  return known;
}

function parsed(text: string): SessionRecord | null {
  try {
    const value: Partial<SessionRecord> | null = JSON.parse(text);
    const { version, url, account, ca = null, certificateName = null, login, apiKey } = value ?? {};
    const whole = typeof url === 'string' && typeof account === 'string' && typeof login === 'string';
    if (version !== 1 || !whole || typeof apiKey !== 'string' || !URL.canParse(url)) return null;
    return { version, url, account, ca, certificateName, login, apiKey };
  } catch {
    return null; // told by the caller
  }
}
