import type { ConjurClient } from '../../client/client.ts';
import { readSecret } from '../../client/secrets.ts';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { type CallObserver, observedFetch, unobserved } from '../calls.ts';
import { openDirectorySource } from '../directory/directory-source.ts';
import type { PamLogon } from '../pam/pam-session.ts';
import { pamWords } from '../pam/pam-shapes.ts';
import { openPamSource } from '../pam/pam-source.ts';
import type { Source } from '../source.ts';
import { openVaultSource, type VaultLob } from '../vault/vault-source.ts';
import { vaultWords } from '../vault/vault-shapes.ts';
import { openWebApi, type WebApi } from '../web-api.ts';
import type { CredentialsConfig, PamConfig, SourceConfig, VaultConfig, WebConfig } from './config.ts';
import { readAuthorityFile, readKeyFile } from './key-file.ts';

/**
 * The source that a configuration names. Keys are read from their files now, from variables of the target too.
 *
 * @throws Problem `config_invalid`, and those of reading a variable
 */
export async function openSource(
  config: SourceConfig,
  client: ConjurClient,
  observe: CallObserver = unobserved,
): Promise<Source> {
  switch (config.kind) {
    case 'directory':
      return openDirectorySource(config.path);
    case 'cyberark-pam':
      return openPam(config, client, observe);
    case 'vault':
      return openVault(config, observe);
    default:
      return config satisfies never;
  }
}

async function openPam(config: PamConfig, client: ConjurClient, observe: CallObserver): Promise<Source> {
  const { identityUrl, linesOfBusiness, properties, concurrency } = config;
  const vault = await openApi(config, config.url, pamWords, observe);
  const identity = identityUrl === null ? vault : await openApi(config, identityUrl, pamWords, observe);
  const lobs: { readonly name: string; readonly logon: PamLogon }[] = [];
  for (const { name, method, credentials } of linesOfBusiness) {
    const { username, password } = await readCredentials(name, credentials, client);
    const logon: PamLogon =
      identityUrl === null
        ? { kind: 'pvwa', method, username, password }
        : { kind: 'cloud', clientId: username, clientSecret: password };
    lobs.push({ name, logon });
  }
  return openPamSource({ vault, identity, linesOfBusiness: lobs, properties, concurrency });
}

async function openVault(config: VaultConfig, observe: CallObserver): Promise<Source> {
  const lobs: VaultLob[] = [];
  for (const { name, mount, namespace, auth } of config.linesOfBusiness) {
    lobs.push({
      name,
      mount,
      namespace,
      auth:
        auth.kind === 'token'
          ? { kind: 'token', token: await readKeyFile(`${name}: tokenFile`, auth.tokenFile) }
          : { ...auth, secretId: await readKeyFile(`${name}: secretIdFile`, auth.secretIdFile) },
    });
  }
  const api = await openApi(config, config.url, vaultWords, observe);
  return openVaultSource({ api, linesOfBusiness: lobs, concurrency: config.concurrency });
}

async function openApi(
  config: WebConfig,
  url: string,
  wordsOf: (json: unknown) => string | null,
  observe: CallObserver,
): Promise<WebApi> {
  const { caFile, timeoutMs, intervalMs } = config;
  const fetch = openWebFetch({ ca: await readAuthorityFile('source.caFile', caFile) });
  return openWebApi({
    fetch: observedFetch(fetch, 'source', observe),
    url,
    timeoutMs,
    intervalMs,
    attempts: 5,
    backOffMs: 500,
    wordsOf,
  });
}

async function readCredentials(
  lob: string,
  credentials: CredentialsConfig,
  client: ConjurClient,
): Promise<{ readonly username: string; readonly password: Secret<string> }> {
  if (!('variable' in credentials)) {
    const { username, passwordFile } = credentials;
    return { username, password: await readKeyFile(`${lob}: passwordFile`, passwordFile) };
  }
  const { variable } = credentials;
  const fields = fieldsOf(new TextDecoder().decode((await readSecret(client, variable, null)).reveal()));
  if (fields !== null) return fields;
  throw new Problem(
    'config_invalid',
    `${lob}: the variable ${variable} must hold JSON with "username" and "password".`,
  );
}

function fieldsOf(json: string): { readonly username: string; readonly password: Secret<string> } | null {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null || !('username' in value) || !('password' in value))
      return null;
    const { username, password } = value;
    return typeof username === 'string' && typeof password === 'string'
      ? { username, password: new Secret(password) }
      : null;
  } catch {
    return null;
  }
}
