import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ConjurClient, openClient } from '../src/client/client.ts';
import { showResource } from '../src/client/resources.ts';
import { readSecretBytes } from '../src/client/secrets.ts';
import { Secret } from '../src/core/secret.ts';
import { openWebFetch } from '../src/runtime/web-fetch.ts';
import { enrol } from '../test/testing/sync/enrol.ts';
import { median } from './figure.ts';
import type { Setting } from './setting.ts';

const leaseSeconds = 10;
const members = ['sync-1', 'sync-2', 'sync-3'] as const;
const branch = 'conjur/vault-synchronizer';
const lookEveryMs = 20;
/** What the dead leader had sent is answered by then. */
const landingMs = 200;
const patienceMs = 60_000;

export interface Takeover {
  readonly leaseSeconds: number;
  /** From `kill -9` of the leader until another's first renewal was accepted. */
  readonly seconds: readonly number[];
  readonly median: number;
  readonly longest: number;
}

/**
 * Three `holdfast sync run`, of which the leader is killed and started again, round after round, at a moment of its lease that differs
 * each time. What is watched is the lease itself: a new value of it is a write that was accepted of the next leader.
 */
export async function measureTakeover(setting: Setting, rounds: number): Promise<Takeover> {
  const directory = await mkdtemp(join(tmpdir(), 'hf-bench-takeover-'));
  const running = new Map<string, ChildProcess>();
  try {
    const { port } = await setting.serve('serve-ours.ts');
    const url = `http://127.0.0.1:${port}`;
    const admin = openClient({
      fetch: openWebFetch({ ca: null }),
      url,
      account: setting.account,
      login: 'admin',
      apiKey: new Secret(setting.adminApiKey),
    });
    const keys = await enrol(admin, { names: members, vault: 'elected', elects: true });
    await mkdir(join(directory, 'vault/shop/web/database'), { recursive: true });
    await writeFile(join(directory, 'vault/shop/web/database/password'), 'correct horse');
    for (const name of members) {
      await writeConfig(directory, { name, url, account: setting.account, apiKey: keys.get(name) ?? '' });
      running.set(name, start(directory, name));
    }
    await changed(admin, null);
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      // Each time at another moment between two renewals.
      await pause(leaseSeconds * 500 + (round * leaseSeconds * 1000) / rounds);
      const leader = await leaderOf(admin);
      await killed(running.get(leader));
      const killedAt = performance.now();
      await pause(landingMs);
      await changed(admin, await leaseOf(admin));
      seconds.push(Math.round(performance.now() - killedAt) / 1000);
      running.set(leader, start(directory, leader));
    }
    return { leaseSeconds, seconds, median: median(seconds), longest: Math.max(...seconds) };
  } finally {
    await Promise.all([...running.values()].map(killed));
    await rm(directory, { recursive: true, force: true });
  }
}

async function writeConfig(
  directory: string,
  { name, url, account, apiKey }: Readonly<Record<'name' | 'url' | 'account' | 'apiKey', string>>,
): Promise<void> {
  await writeFile(join(directory, `${name}.key`), apiKey, { mode: 0o600 });
  const config = {
    vault: 'elected',
    target: { url, account, login: `host/${name}`, apiKeyFile: `${name}.key` },
    source: { kind: 'directory', path: 'vault' },
    stateDirectory: `state of ${name}`,
    every: '1s',
    election: { protocol: 'fenced', lease: `${leaseSeconds}s`, name },
  };
  await writeFile(join(directory, `${name}.yml`), JSON.stringify(config)); // JSON is YAML
}

function start(directory: string, name: string): ChildProcess {
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
  const words = ['sync', 'run', '--config', join(directory, `${name}.yml`)];
  const log = openSync(join(directory, `${name}.log`), 'a');
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', log, log] });
  closeSync(log);
  return child;
}

async function killed(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function leaderOf(admin: ConjurClient): Promise<string> {
  const record = await showResource(admin, {
    kind: 'host',
    identifier: `${branch}/leader/current-leader`,
  });
  const annotations = JSON.stringify(record['annotations']);
  const leader = members.find((name) => annotations.includes(`"${name}"`));
  if (leader === undefined) throw new Error(`nobody leads: ${annotations}`);
  return leader;
}

/** The value of the lease; null: it has none. */
async function leaseOf(admin: ConjurClient): Promise<string | null> {
  const id = `${branch}/leader-expiration`;
  const value = (await readSecretBytes(admin, [id])).get(id) ?? null;
  return value === null ? null : new TextDecoder().decode(value.reveal());
}

/** Waits for another value of the lease. */
async function changed(admin: ConjurClient, before: string | null): Promise<string> {
  const end = performance.now() + patienceMs;
  while (performance.now() < end) {
    const now = await leaseOf(admin);
    if (now !== null && now !== before) return now;
    await pause(lookEveryMs);
  }
  throw new Error(`nobody took over within ${patienceMs} ms`);
}
