import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import type { ApiEnvironment } from '../environment.ts';
import type { Source } from './choose.ts';
import { findMachine } from './netrc.ts';
import { readOwnFile } from './own-file.ts';

/**
 * What the official CLI wrote: its `.conjurrc`, and login and key from the `.netrc` under `<url>/authn`. A key that it
 * keeps in the desktop's keyring stays there.
 *
 * @returns null when there is no conjurrc
 * @throws Problem `usage` when it, or the certificate that it names, cannot be read
 */
export async function readConjurrc(environment: ApiEnvironment): Promise<Source | null> {
  const file = environment.conjurrcFile;
  const text = await readOwnFile(file);
  if (text === null) return null;
  const settings = await settingsOf(text, file);
  const setting = (name: string): string | null => settings.get(name) ?? null;
  const url = setting('appliance_url');
  const certFile = setting('cert_file');
  const netrcFile = environment.netrcFile ?? setting('netrc_path') ?? join(environment.home, '.netrc');
  const kind = setting('authn_type') ?? 'authn';
  const netrc = url === null || kind !== 'authn' ? null : await readOwnFile(netrcFile);
  const found = netrc === null ? null : findMachine(netrc, `${url}/authn`);
  return {
    name: file,
    url,
    account: setting('account'),
    ca: certFile === null ? null : await readCertificate(certFile, `${file}: cert_file`),
    login: found?.login ?? null,
    apiKey: found === null ? null : new Secret(found.password),
  };
}

/** @param field what the message begins with */
export async function readCertificate(file: string, field: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Problem('usage', `${field}: ${file} cannot be read (${describeError(error)}).`, {
      cause: error,
    });
  }
}

/** The parser is loaded only where there is something to parse. */
async function settingsOf(text: string, file: string): Promise<ReadonlyMap<string, string>> {
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text, { schema: 'failsafe', maxAliasCount: 0 });
  } catch {
    throw new Problem('usage', `${file}: it is no YAML. Correct it, or remove it.`);
  }
  if (typeof value !== 'object' || value === null) return new Map();
  return new Map(
    Object.entries(value).flatMap(([name, one]: readonly [string, unknown]) =>
      typeof one === 'string' && one !== '' ? [[name, one] as const] : [],
    ),
  );
}
