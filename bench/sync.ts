import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuSeconds } from './cpu.ts';
import type { Figure, Sizes } from './figure.ts';
import { peakRssMb } from './memory.ts';
import { type Setting, startSetting } from './setting.ts';
import type { VaultSize } from './sync-stand-in.ts';
import { measureTakeover } from './sync-takeover.ts';

const safesOfLob = 15;
const accountsOfSafe = 200;
const valuesOfAccount = 5;

/**
 * `holdfast sync once` from a stand-in of the PAM REST API into an empty server: the first pass, one with nothing changed, one with 1 % of
 * the accounts changed, and one that compares everything. Server, stand-in and synchronizer are processes of their own. And three
 * `holdfast sync run` of which the leader is killed.
 */
export async function run(rounds: number, _seconds: number, { lobs, part }: Sizes): Promise<Figure> {
  const passes = part === 'takeover' ? null : await inSetting((setting) => measurePasses(setting, lobs));
  const takeover = part === 'passes' ? null : await inSetting((setting) => measureTakeover(setting, rounds));
  return {
    name: 'sync',
    unit: 's',
    ours: passes?.first.seconds ?? takeover?.longest ?? Number.NaN,
    reference: null,
    ratio: null,
    goal: 'first pass of 150,000 values <= 240 s and <= 500 MB, nothing changed <= 15 s, 1 % changed <= 30 s, take-over of a killed leader <= lease + 2 s',
    details: { ...passes, ...(takeover === null ? {} : { takeover }) },
  };
}

async function inSetting<T>(work: (setting: Setting) => Promise<T>): Promise<T> {
  const setting = await startSetting();
  try {
    return await work(setting);
  } finally {
    await setting.stop();
  }
}

async function measurePasses(setting: Setting, lobs: number) {
  const size: VaultSize = { lobs, safes: safesOfLob, accounts: accountsOfSafe };
  const accounts = lobs * safesOfLob * accountsOfSafe;
  const directory = await mkdtemp(join(tmpdir(), 'hf-bench-sync-'));
  const standIn = fork(fileURLToPath(new URL('sync-stand-in.ts', import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    standIn.send(size);
    const [url] = await once(standIn, 'message');
    const server = await setting.serve('serve-ours.ts');
    await writeConfig(setting, directory, { api: `http://127.0.0.1:${server.port}`, pam: String(url), lobs });
    const pass = (...words: readonly string[]) => measure(directory, server.pid, words);
    const first = await pass();
    const unchanged = await pass();
    standIn.send(accounts / 100);
    await once(standIn, 'message');
    const onePercent = await pass();
    const full = await pass('--full');
    return { values: accounts * valuesOfAccount, first, unchanged, onePercent, full };
  } finally {
    await ended(standIn);
    await rm(directory, { recursive: true, force: true });
  }
}

async function writeConfig(
  setting: Setting,
  directory: string,
  where: { readonly api: string; readonly pam: string; readonly lobs: number },
): Promise<void> {
  await writeFile(join(directory, 'admin.key'), setting.adminApiKey, { mode: 0o600 });
  await writeFile(join(directory, 'pam.key'), 'correct', { mode: 0o600 });
  const lobs = Array.from({ length: where.lobs }, (_, lob) => ({
    name: `lob-${lob}`,
    username: `user-${lob}`,
    passwordFile: 'pam.key',
  }));
  const config = {
    vault: 'corp',
    target: { url: where.api, account: setting.account, login: 'admin', apiKeyFile: 'admin.key' },
    source: { kind: 'cyberark-pam', url: where.pam, interval: '0ms', concurrency: 16, linesOfBusiness: lobs },
    stateDirectory: 'state',
  };
  await writeFile(join(directory, 'sync.yml'), JSON.stringify(config)); // JSON is YAML
}

/** One pass as its own process, with what it and the server used meanwhile. */
async function measure(directory: string, serverPid: number, words: readonly string[]) {
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
  const serverBefore = cpuSeconds(serverPid);
  const begun = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...(process.env['BENCH_SYNC_FLAGS']?.split(' ') ?? []),
      main,
      'sync',
      'once',
      '--config',
      join(directory, 'sync.yml'),
      ...words,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const watched = watch(child);
  const [code] = await once(child, 'exit');
  if (code !== 0)
    throw new Error(
      `the pass ended with ${String(code)}: ${await readFile(join(directory, 'state/status.json'), 'utf8')}`,
    );
  const status: { readonly counts: object; readonly seconds: object } = JSON.parse(
    await readFile(join(directory, 'state/status.json'), 'utf8'),
  );
  return {
    seconds: round((performance.now() - begun) / 1000),
    ...watched(),
    serverCpuSeconds: round(cpuSeconds(serverPid) - serverBefore),
    parts: status.seconds,
    counts: status.counts,
  };
}

function watch(child: ChildProcess): () => { readonly peakRssMb: number; readonly cpuSeconds: number } {
  const seen = { peakRssMb: 0, cpuSeconds: 0 };
  const look = (): void => {
    try {
      // A process that is ending has no memory to tell of any more.
      seen.peakRssMb = Math.max(seen.peakRssMb, peakRssMb(child.pid ?? 0) || 0);
      seen.cpuSeconds = round(cpuSeconds(child.pid ?? 0));
    } catch {
      // it has ended meanwhile
    }
  };
  const timer = setInterval(look, 100);
  return () => {
    clearInterval(timer);
    return seen;
  };
}

async function ended(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
