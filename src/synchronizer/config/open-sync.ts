import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ConjurClient, openClient } from '../../client/client.ts';
import { Problem } from '../../core/problem.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { soleAuthority } from '../authority.ts';
import { type CallObserver, observedFetch, unobserved } from '../calls.ts';
import type { PassSettings } from '../pass/run-pass.ts';
import { openStateFile } from '../state/state-file.ts';
import type { SyncConfig } from './config.ts';
import { readAuthorityFile, readKeyFile } from './key-file.ts';
import { openSource } from './open-source.ts';
import { readConfig } from './read-config.ts';

/** The configuration in a file. @throws Problem `config_invalid` that names all its faults */
export async function readConfigFile(path: string): Promise<SyncConfig> {
  const absolute = resolve(path);
  const text = await readFile(absolute, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    throw new Problem('config_invalid', `--config: ${absolute} cannot be read (${code}).`);
  });
  const reading = readConfig(text, dirname(absolute));
  if (reading.ok) return reading.config;
  const { faults } = reading;
  const heading = `${absolute} has ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}:`;
  throw new Problem('config_invalid', [heading, ...faults.map((fault) => `  ${fault}`)].join('\n'));
}

/** A client of the target. */
export async function openTarget(
  { target }: SyncConfig,
  signal: AbortSignal,
  observe: CallObserver = unobserved,
): Promise<ConjurClient> {
  const { url, account, login, caFile, apiKeyFile } = target;
  const apiKey = await readKeyFile('target.apiKeyFile', apiKeyFile);
  const fetch = openWebFetch({ ca: await readAuthorityFile('target.caFile', caFile) });
  return openClient({ fetch: observedFetch(fetch, 'target', observe), url, account, login, apiKey, signal });
}

/** Everything that a pass needs. Whoever opens it closes `source`. */
export async function openSync(
  config: SyncConfig,
  signal: AbortSignal,
  observe: CallObserver = unobserved,
): Promise<PassSettings> {
  const { vault, branch, target, removal, drift, fullCheckEveryMs, concurrency, stateDirectory } = config;
  const client = await openTarget(config, signal, observe);
  const stateFile = await openStateFile(
    stateDirectory,
    JSON.stringify([target.url, target.account, branch, vault]),
  );
  return {
    source: await openSource(config.source, client, observe),
    client,
    authority: soleAuthority(client),
    layout: { base: branch, vault },
    removal,
    drift,
    stateFile,
    fullCheckEveryMs,
    concurrency,
    wallClock: () => Date.now(),
  };
}
