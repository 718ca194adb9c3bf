import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { CancelSignal } from '../../core/election/backend.ts';
import { Problem } from '../../core/problem.ts';
import { connectionFailed } from './connection-failed.ts';

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

const answerLimitBytes = 8 * 1024 * 1024;

/**
 * One request and its answer, within the bounds of the call.
 *
 * @param open sends what the options say, on a connection of its choice
 * @throws Problem `consul_unreachable` (certainly not done), `consul_unanswered` (it may have been)
 */
export function exchange(
  open: (options: RequestOptions) => ClientRequest,
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
