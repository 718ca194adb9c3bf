import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CuttableWay, openCuttableWay } from '../../../src/elector/testing/faults/cuttable.ts';
import { cliPath } from '../demo-cluster.ts';

/** One synchronizer: a process of the product with a directory, a login and a way to the server of its own. */
export interface Member {
  readonly name: string;
  readonly directory: string;
  readonly way: CuttableWay;
  /** The process that runs now. */
  readonly process: () => ChildProcess;
  readonly start: () => void;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** kill -9, and waits for the end. */
  readonly kill: () => Promise<void>;
  /** Waits until it has ended by itself; its exit code, or the signal that ended it. */
  readonly ended: (withinMs: number) => Promise<number | string>;
  /** The last lines of its log. */
  readonly log: (bytes: number) => string;
  /** Ends it, and the way. */
  readonly stop: () => Promise<void>;
}

export interface MemberSettings {
  readonly name: string;
  readonly directory: string;
  readonly api: { readonly url: string; readonly caFile: string; readonly account: string };
  readonly login: string;
  readonly apiKey: string;
  readonly pamUrl: string;
  readonly linesOfBusiness: readonly { readonly name: string; readonly password: string }[];
  readonly vault: string;
  /** Seconds; null: it is the only one. */
  readonly leaseSeconds: number | null;
}

/** Is told that a process ended which nobody had asked to end. */
type OnDeath = (member: string, how: string) => void;

export async function makeMember(settings: MemberSettings, onDeath: OnDeath): Promise<Member> {
  const { name, directory, api } = settings;
  const way = await openCuttableWay(Number(new URL(api.url).port));
  mkdirSync(directory, { mode: 0o700 });
  writeConfig(settings, way.port);
  const logPath = join(directory, 'log');
  let child: ChildProcess | null = null;
  const current = (): ChildProcess => {
    if (child === null) throw new Error(`${name} was never started`);
    return child;
  };
  const start = (): void => {
    const log = openSync(logPath, 'a');
    const started = spawn(
      process.execPath,
      [cliPath, 'sync', 'run', '--config', join(directory, 'sync.yml')],
      {
        stdio: ['ignore', log, log],
        env: { PATH: process.env['PATH'] ?? '' },
      },
    );
    closeSync(log);
    child = started;
    started.once('exit', (code, signal) => onDeath(name, String(code ?? signal)));
  };
  const signal = (which: NodeJS.Signals): void => void current().kill(which);
  const ended = async (withinMs: number): Promise<number | string> => {
    const ending = current();
    ending.removeAllListeners('exit');
    if (isRunning(ending)) await once(ending, 'exit', { signal: AbortSignal.timeout(withinMs) });
    return ending.exitCode ?? ending.signalCode ?? 'unknown';
  };
  const kill = async (): Promise<void> => {
    if (child === null || !isRunning(child)) return;
    const end = ended(10_000);
    signal('SIGKILL');
    await end;
  };
  return {
    name,
    directory,
    way,
    process: current,
    start,
    signal,
    kill,
    ended,
    log: (bytes) => readFileSync(logPath, 'utf8').slice(-bytes),
    stop: async () => {
      await kill();
      await way.close();
    },
  };
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function writeConfig(
  { name, directory, api, login, apiKey, pamUrl, linesOfBusiness, vault, leaseSeconds }: MemberSettings,
  port: number,
): void {
  const keep = (file: string, text: string): void =>
    writeFileSync(join(directory, file), text, { mode: 0o600 });
  keep('api.key', apiKey);
  for (const lob of linesOfBusiness) keep(`${lob.name}.key`, lob.password);
  const config = {
    vault,
    target: {
      url: `https://localhost:${port}`,
      account: api.account,
      caFile: api.caFile,
      login,
      apiKeyFile: 'api.key',
    },
    source: {
      kind: 'cyberark-pam',
      url: pamUrl,
      interval: '0ms',
      timeout: '5s',
      properties: 'basic',
      linesOfBusiness: linesOfBusiness.map((lob) => ({
        name: lob.name,
        username: lob.name,
        passwordFile: `${lob.name}.key`,
      })),
    },
    removal: { policy: 'delete', most: 1_000_000, mostPercent: 100 },
    every: '1s',
    stateDirectory: 'state',
    ...(leaseSeconds === null ? {} : { election: { protocol: 'fenced', lease: `${leaseSeconds}s`, name } }),
  };
  writeFileSync(join(directory, 'sync.yml'), JSON.stringify(config)); // JSON is YAML
}
