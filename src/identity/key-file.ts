import { randomBytes } from 'node:crypto';
import { chmod, chown, link, open, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Problem } from '../core/problem.ts';
import type { SystemUser } from '../runtime/run-as.ts';
import { runOpenssl } from './openssl.ts';

/**
 * Makes a new EC P-256 private key (PKCS#8 PEM, 0600). openssl writes the file itself, so the key never passes through
 * this process. A key that stands there already is never overwritten.
 *
 * @throws Problem `directory_not_ours` when the file exists
 */
export async function createKeyFile(
  path: string,
  options: { readonly owner?: SystemUser | null | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const temporary = `${resolve(path)}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    // The empty file comes first: it is 0600 from its first moment, whatever openssl's own default is.
    await (await open(temporary, 'wx', 0o600)).close();
    await runOpenssl({
      purpose: `make the key ${path}`,
      files: {},
      argv: ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', temporary],
      signal: options.signal,
    });
    await chmod(temporary, 0o600);
    if (options.owner) await chown(temporary, options.owner.uid, options.owner.gid);
    await syncFile(temporary);
    await link(temporary, path); // unlike rename, fails where a file exists
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw alreadyThere(path);
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function alreadyThere(path: string): Problem {
  return new Problem(
    'directory_not_ours',
    `${path} exists already and a private key is never overwritten. Use another directory, or move the file away if it is of no use any more.`,
  );
}
