import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ApiSettings } from '../../src/core/api-settings.ts';
import type { WorkerCommand, WorkerEvent } from '../../src/core/serving.ts';
import { provisionAccount } from '../../src/server/provision-account.ts';
import { startTestNode, stateNow, type TestNode } from '../../src/server/testing/test-node.ts';
import type { Incoming, Outgoing, Target } from './target.ts';

const requestMs = 15_000;

/** A worker of its own process, as an agent starts it, and all that it said. */
export interface RunningWorker {
  readonly pid: number;
  readonly port: number;
  readonly said: () => string;
  readonly stop: () => Promise<void>;
}

/** A target behind HTTPS: a worker for each kind of settings, all on the same databases. */
export interface WireTarget extends Target {
  readonly node: TestNode;
  /** The bodies of all answers of 400 and above. */
  readonly errors: readonly Buffer[];
  readonly workers: () => Promise<readonly RunningWorker[]>;
}

export async function startOverTheWire(): Promise<WireTarget> {
  const node = await startTestNode();
  const workers = new Map<string, Promise<RunningWorker>>();
  const agent = new Agent({ keepAlive: true, ca: node.tls.ca });
  const errors: Buffer[] = [];
  return {
    node,
    errors,
    workers: () => Promise.all(workers.values()),
    send: async (outgoing, settings) => {
      const key = JSON.stringify(settings);
      const worker = workers.get(key) ?? startWorkerProcess(node, settings);
      workers.set(key, worker);
      const answer = await exchange(agent, (await worker).port, outgoing);
      if (answer.status >= 400) errors.push(answer.body);
      return answer;
    },
    makeAccount: async (account) => {
      const { dataKeyFile, postgres } = await node.settings();
      return (await provisionAccount({ account, dataKeyFile, postgres })).adminApiKey.reveal();
    },
    stop: async () => {
      agent.destroy();
      for (const worker of workers.values()) await (await worker).stop();
      await node.stop();
    },
  };
}

async function startWorkerProcess(node: TestNode, apiSettings: Partial<ApiSettings>): Promise<RunningWorker> {
  const usual = await node.settings();
  const settings = {
    ...usual,
    logLevel: 'trace',
    apiSettings: { ...usual.apiSettings, ...apiSettings },
  } as const;
  const main = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url));
  const child = fork(main, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const said = (): string => Buffer.concat(chunks).toString();
  const listening = heard(child, 'listening', said);
  tell(child, { kind: 'settings', settings });
  await listening;
  const obeys = heard(child, 'obeys', said);
  tell(child, { kind: 'state', state: stateNow() });
  await obeys;
  // A state is good for a minute, and the suite may take longer.
  const again = setInterval(() => tell(child, { kind: 'state', state: stateNow() }), 20_000);
  const agent = new Agent({ ca: node.tls.ca });
  const health: Outgoing = { method: 'GET', path: '/health', headers: {}, body: null };
  while ((await exchange(agent, settings.api.port, health)).status !== 200) await delay(20); // the databases' first answers
  return {
    pid: child.pid ?? 0,
    port: settings.api.port,
    said,
    stop: async () => {
      clearInterval(again);
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

function tell(child: ChildProcess, command: WorkerCommand): void {
  child.send(command);
}

/** Resolves with the first event of this kind. @throws Error when the worker ends before */
function heard(child: ChildProcess, kind: WorkerEvent['kind'], said: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error(`the worker ended: ${said()}`));
    const listen = (event: WorkerEvent): void => {
      if (event.kind !== kind) return;
      child.off('message', listen).off('exit', ended);
      resolve();
    };
    child.on('message', listen).once('exit', ended);
  });
}

function exchange(agent: Agent, port: number, { method, path, headers, body }: Outgoing): Promise<Incoming> {
  return new Promise((resolve, reject) => {
    const length =
      body === null && (method === 'GET' || method === 'HEAD')
        ? {}
        : { 'content-length': String(body?.length ?? 0) };
    const options = {
      agent,
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { ...length, ...headers },
      timeout: requestMs,
    };
    const outgoing = httpsRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const received = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(received),
          body: Buffer.concat(chunks),
          route: null,
        });
      });
    });
    outgoing.once('timeout', () =>
      outgoing.destroy(new Error(`${method} ${path}: no answer within ${requestMs} ms`)),
    );
    outgoing.once('error', reject);
    outgoing.end(body ?? undefined);
  });
}
