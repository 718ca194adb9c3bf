import { defaultApiSettings } from '../../core/api-settings.ts';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plus } from '../../core/clock.ts';
import type { ServingState, WorkerSettings } from '../../core/serving.ts';
import { realClock } from '../../runtime/real-clock.ts';
import { runCommandOk } from '../../runtime/run-command.ts';
import {
  freePort,
  startTemporaryPostgres,
  type TemporaryPostgres,
} from '../../store/testing/temporary-postgres.ts';
import { provisionAccount } from '../provision-account.ts';

/** What a worker needs to be started: two real databases with an account, a certificate, a data key. */
export interface TestNode {
  /** Fresh ports at each call. */
  readonly settings: () => Promise<WorkerSettings>;
  readonly adminApiKey: string;
  readonly audit: TemporaryPostgres;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly stop: () => Promise<void>;
}

export async function startTestNode(): Promise<TestNode> {
  const data = await startTemporaryPostgres();
  const audit = await startTemporaryPostgres(data);
  const directory = await mkdtemp(join(tmpdir(), 'hf-worker-'));
  const certFile = join(directory, 'node.crt');
  const keyFile = join(directory, 'node.key');
  const dataKeyFile = join(directory, 'data.key');
  const selfSigned = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await runCommandOk(['openssl', ...selfSigned, ...names, '-keyout', keyFile, '-out', certFile], {
    timeoutMs: 20_000,
  });
  await writeFile(dataKeyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
  const account = 'demo';
  const postgres = {
    socketDir: data.address.socketDir,
    dataPort: data.address.port,
    auditPort: audit.address.port,
  };
  const { adminApiKey } = await provisionAccount({ account, dataKeyFile, postgres });
  const cert = await readFile(certFile, 'utf8');
  return {
    settings: async () => ({
      account,
      nodeName: 'node-1',
      api: { host: '127.0.0.1', port: await freePort() },
      peer: { host: '127.0.0.1', port: await freePort() },
      worker: null,
      tls: { caFile: certFile, certFile, keyFile },
      dataKeyFile,
      apiSettings: defaultApiSettings,
      postgres,
      logLevel: 'warn',
    }),
    adminApiKey: adminApiKey.reveal(),
    audit,
    tls: { ca: cert, cert, key: await readFile(keyFile, 'utf8') },
    stop: async () => {
      await audit.stop();
      await data.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A state sent now, valid for a minute. */
export function stateNow(state: Partial<ServingState> = {}): ServingState {
  const sentAt = realClock.now();
  return {
    role: 'master',
    term: 1,
    authorityUntil: plus(sentAt, 60_000),
    writes: 'open',
    successor: null,
    heir: null,
    handsOver: false,
    master: [],
    members: [],
    audit: { queued: null, isFull: false, forwards: {} },
    data: { asOf: null, timeline: null },
    because: 'the test says so',
    health: { ok: true, body: {} },
    replicationOpen: true,
    sentAt,
    validForMs: 60_000,
    ...state,
  };
}

/** One HTTPS request on a connection of its own. */
export async function ask(
  port: number,
  path: string,
  options: {
    readonly ca: string;
    readonly cert?: string;
    readonly key?: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  },
): Promise<{ readonly status: number; readonly body: string }> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...rest, host: '127.0.0.1', port, path, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
      });
      response.once('error', reject);
    });
    outgoing.once('error', reject);
    outgoing.end(body ?? '');
  });
}
