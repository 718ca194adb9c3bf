import { readFileSync } from 'node:fs';
import { Agent, type ClientRequest, type IncomingMessage, request, type RequestOptions } from 'node:http';
import type { CancelSignal } from '../../core/election/backend.ts';
import { Problem } from '../../core/problem.ts';
import { type ConsulAddress, readConsulAddress } from './address.ts';
import type { ConsulConnection } from './connection-settings.ts';
import { connectionFailed } from './connection-failed.ts';
import { readToken } from './token.ts';

export interface ConsulCall {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** Below the address, percent-encoded: `/v1/kv/a/b`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | true>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly timeoutMs: number;
  readonly signal?: CancelSignal;
}

export interface ConsulAnswer {
  readonly status: number;
  /** `X-Consul-Index`; 0 where there is none. */
  readonly index: number;
  readonly text: string;
}

/** A Consul agent: calls over connections that are kept. */
export interface ConsulHttp {
  /** @throws Problem `consul_unreachable` (certainly not done), `consul_unanswered` (it may have been) */
  readonly call: (call: ConsulCall) => Promise<ConsulAnswer>;
  /** What is asked in an error's stead: the address, for people. */
  readonly where: string;
  readonly close: () => void;
}

const answerLimitBytes = 8 * 1024 * 1024;

/** @throws Problem `config_invalid` when the address is none or a file cannot be read */
export async function openConsulHttp(connection: ConsulConnection): Promise<ConsulHttp> {
  const address = readConsulAddress(connection.address, connection.useTls);
  const open = await connector(address, connection);
  const token = readToken(connection);
  const send = (call: ConsulCall): Promise<ConsulAnswer> =>
    exchange(open.request, optionsOf(call, address, connection, token.current()), call, connection.address);
  return {
    where: connection.address,
    call: async (call) => {
      const answer = await send(call);
      // A token file is written anew when the token changes.
      return answer.status === 403 && token.refresh() ? send(call) : answer;
    },
    close: () => open.agent.destroy(),
  };
}

interface Connector {
  readonly agent: { readonly destroy: () => void };
  readonly request: (options: RequestOptions) => ClientRequest;
}

/** TLS is loaded only where it is spoken: it takes memory. */
async function connector(address: ConsulAddress, connection: ConsulConnection): Promise<Connector> {
  if (address.kind === 'unix' || !address.secure) {
    const agent = new Agent({ keepAlive: true });
    return { agent, request: (options) => request({ ...options, agent }) };
  }
  const https = await import('node:https');
  const { caFile, clientCertFile, clientKeyFile, serverName, verifyTls } = connection;
  const agent = new https.Agent({
    keepAlive: true,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: verifyTls,
    ...(caFile === null ? {} : { ca: readPem('CONSUL_CACERT', caFile) }),
    ...(clientCertFile === null ? {} : { cert: readPem('CONSUL_CLIENT_CERT', clientCertFile) }),
    ...(clientKeyFile === null ? {} : { key: readPem('CONSUL_CLIENT_KEY', clientKeyFile) }),
    ...(serverName === null ? {} : { servername: serverName }),
  });
  return { agent, request: (options) => https.request({ ...options, agent }) };
}

function readPem(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Problem('config_invalid', `${name}: ${file} cannot be read. Name a PEM file that is there.`, {
      cause,
    });
  }
}

function optionsOf(
  call: ConsulCall,
  address: ConsulAddress,
  { datacenter, namespace, basicAuth }: ConsulConnection,
  token: string | null,
): RequestOptions {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {}))
    query.set(name, value === true ? '' : String(value));
  // The agent's own entries are in no other datacenter.
  if (datacenter !== null && !call.path.startsWith('/v1/agent/')) query.set('dc', datacenter);
  if (namespace !== null) query.set('ns', namespace);
  const path = `${address.kind === 'tcp' ? address.path : ''}${call.path}${query.size === 0 ? '' : `?${query.toString()}`}`;
  const to =
    address.kind === 'tcp' ? { host: address.host, port: address.port } : { socketPath: address.socketPath };
  const auth =
    basicAuth === null
      ? {}
      : { authorization: `Basic ${Buffer.from(basicAuth.reveal()).toString('base64')}` };
  const headers = { ...(token === null ? {} : { 'x-consul-token': token }), ...auth };
  return { ...to, method: call.method, path, headers };
}

function exchange(
  open: Connector['request'],
  options: RequestOptions,
  { body, timeoutMs, signal }: ConsulCall,
  where: string,
): Promise<ConsulAnswer> {
  return new Promise((resolve, reject) => {
    const sent = open(options);
    let isConnected = false;
    const end = (): void => {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', abandon);
    };
    const fail = (problem: Problem): void => {
      end();
      reject(problem);
      sent.destroy();
    };
    const deadline = setTimeout(() => {
      const because = `Consul at ${where} has not answered within ${Math.round(timeoutMs)} ms.`;
      fail(new Problem(isConnected ? 'consul_unanswered' : 'consul_unreachable', because));
    }, timeoutMs);
    const abandon = (): void => fail(new Problem('consul_unanswered', 'the call was given up.'));
    sent.once('socket', (socket) => {
      isConnected = !socket.connecting;
      if (socket.connecting) {
        socket.once('connect', () => {
          isConnected = true;
        });
      }
    });
    sent.on('error', (cause) => fail(connectionFailed(cause, isConnected, where)));
    sent.on('response', (answer) => {
      void (async () => {
        try {
          const text = await readText(answer);
          end();
          const index = Number(answer.headers['x-consul-index'] ?? 0);
          resolve({ status: answer.statusCode ?? 0, index: Number.isSafeInteger(index) ? index : 0, text });
        } catch (cause) {
          fail(connectionFailed(cause, true, where));
        }
      })();
    });
    if (signal?.aborted === true) abandon();
    else signal?.addEventListener('abort', abandon);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > answerLimitBytes) throw new Error(`the answer is longer than ${answerLimitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
