import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ConjurClient, openClient, type PositionMemory } from '../../client/client.ts';
import { Problem } from '../../core/problem.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { soleAuthority } from '../authority.ts';
import { type CallObserver, observedFetch, unobserved } from '../web/calls.ts';
import type { ElectionTarget } from '../election/take-part.ts';
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

/** The target, over connections that are kept until it is closed. */
export interface OpenedTarget extends ElectionTarget {
  readonly close: () => void;
}

/** What the target is talked to with: the files that the configuration names are read. Whoever opens it closes it. */
export async function readTargetFiles(
  { target }: SyncConfig,
  observe: CallObserver = unobserved,
): Promise<OpenedTarget> {
  const { url, account, login, caFile, apiKeyFile } = target;
  const apiKey = await readKeyFile('target.apiKeyFile', apiKeyFile);
  const fetch = openWebFetch({ ca: await readAuthorityFile('target.caFile', caFile) });
  const observed = observedFetch(fetch, 'target', observe);
  return { fetch: observed, url, account, login, apiKey, close: fetch.close };
}

/** A client of the target for a command, which ends with its process. */
export async function openTarget(config: SyncConfig, signal: AbortSignal): Promise<ConjurClient> {
  return openClient({ ...(await readTargetFiles(config)), signal });
}

/** Everything that a pass needs. */
export interface OpenedSync extends PassSettings {
  /** Ends the sessions in the source, and closes all connections: passes come for years, each with its own. */
  readonly close: () => Promise<void>;
}

/**
 * Opens what a pass needs. Whoever opens it closes it.
 *
 * @param position of what is written by others of this process, which the pass shall see
 */
export async function openSync(
  config: SyncConfig,
  signal: AbortSignal,
  observe: CallObserver = unobserved,
  position: PositionMemory = { position: null },
): Promise<OpenedSync> {
  const { vault, branch, target, removal, drift, fullCheckEveryMs, concurrency, stateDirectory } = config;
  const opened = await readTargetFiles(config, observe);
  const stateFile = await openStateFile(
    stateDirectory,
    JSON.stringify([target.url, target.account, branch, vault]),
  );
  const client = openClient({ ...opened, signal, position });
  const source = await openSource(config.source, client, observe).catch((error: unknown) => {
    opened.close();
    throw error;
  });
  return {
    source,
    client,
    authority: soleAuthority(client),
    layout: { base: branch, vault },
    removal,
    drift,
    stateFile,
    fullCheckEveryMs,
    concurrency,
    wallClock: () => Date.now(),
    close: () => source.close().finally(opened.close),
  };
}
