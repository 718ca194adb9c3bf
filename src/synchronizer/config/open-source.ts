import type { ConjurClient } from '../../client/client.ts';
import { readSecret } from '../../client/secrets.ts';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { openWebFetch, type WebFetch } from '../../runtime/web-fetch.ts';
import { type CallObserver, observedFetch, unobserved } from '../web/calls.ts';
import { openDirectorySource } from '../directory/directory-source.ts';
import type { PamLogon } from '../pam/pam-session.ts';
import { pamWords } from '../pam/pam-shapes.ts';
import { openPamSource } from '../pam/pam-source.ts';
import type { Source } from '../source/source.ts';
import { openVaultSource, type VaultLob } from '../vault/vault-source.ts';
import { vaultWords } from '../vault/vault-shapes.ts';
import { openWebApi, type WebApi } from '../web/web-api.ts';
import type { CredentialsConfig, PamConfig, SourceConfig, VaultConfig, WebConfig } from './config.ts';
import { openLobs, withFailed } from './failed-lobs.ts';
import { readAuthorityFile, readKeyFile } from './key-file.ts';

/**
 * The source that a configuration names. Keys are read from their files now, from variables of the target too. A line of business
 * whose key cannot be read fails alone. Its connections are closed with it.
 *
 * @throws Problem `config_invalid` for what all of them need
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
  const fetch = await openFetch(config);
  const open = (url: string): WebApi => openApi(config, { fetch, url, wordsOf: pamWords, observe });
  const vault = open(config.url);
  const identity = identityUrl === null ? vault : open(identityUrl);
  const { opened, failed } = await openLobs(linesOfBusiness, async ({ name, method, credentials }) => {
    const { username, password } = await readCredentials(credentials, client);
    const logon: PamLogon =
      identityUrl === null
        ? { kind: 'pvwa', method, username, password }
        : { kind: 'cloud', clientId: username, clientSecret: password };
    return { name, logon };
  });
  const source = openPamSource({ vault, identity, linesOfBusiness: opened, properties, concurrency });
  return closingWith(fetch, withFailed(source, failed));
}

async function openVault(config: VaultConfig, observe: CallObserver): Promise<Source> {
  const { opened, failed } = await openLobs(
    config.linesOfBusiness,
    async ({ auth, ...lob }): Promise<VaultLob> => ({
      ...lob,
      auth:
        auth.kind === 'token'
          ? { kind: 'token', token: await readKeyFile('tokenFile', auth.tokenFile) }
          : { ...auth, secretId: await readKeyFile('secretIdFile', auth.secretIdFile) },
    }),
  );
  const fetch = await openFetch(config);
  const api = openApi(config, { fetch, url: config.url, wordsOf: vaultWords, observe });
  const source = openVaultSource({ api, linesOfBusiness: opened, concurrency: config.concurrency });
  return closingWith(fetch, withFailed(source, failed));
}

async function openFetch({ caFile }: WebConfig): Promise<WebFetch> {
  return openWebFetch({ ca: await readAuthorityFile('source.caFile', caFile) });
}

/** The source's sessions end over its connections, so these are closed last. */
function closingWith(fetch: WebFetch, source: Source): Source {
  return { list: source.list, close: () => source.close().finally(fetch.close) };
}

function openApi(
  { timeoutMs, intervalMs }: WebConfig,
  {
    fetch,
    url,
    wordsOf,
    observe,
  }: {
    readonly fetch: WebFetch;
    readonly url: string;
    readonly wordsOf: (json: unknown) => string | null;
    readonly observe: CallObserver;
  },
): WebApi {
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
  credentials: CredentialsConfig,
  client: ConjurClient,
): Promise<{ readonly username: string; readonly password: Secret<string> }> {
  if (!('variable' in credentials)) {
    const { username, passwordFile } = credentials;
    return { username, password: await readKeyFile('passwordFile', passwordFile) };
  }
  const { variable } = credentials;
  const fields = fieldsOf((await readSecret(client, variable, null)).reveal());
  if (fields !== null) return fields;
  throw new Problem(
    'config_invalid',
    `The variable ${variable} must hold JSON with "username" and "password".`,
  );
}

function fieldsOf(
  bytes: Uint8Array,
): { readonly username: string; readonly password: Secret<string> } | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
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
