import type { ClientRequest } from 'node:http';
import { Agent, request } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Outcome } from '../../core/drill/history.ts';
import type { Endpoint } from '../target.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The node says that no work had begun. */
  readonly untouched: boolean;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly body?: string;
  readonly timeoutMs: number;
  /** Drops the connection so many milliseconds after the request has left; null or left out: never. */
  readonly cutAfterMs?: number | null;
}

/** Why a call has no answer whose client did not wait for it. */
export const cutByClient = 'cut by the client';

/** What came of a call, and the reason where it was not acknowledged. */
export interface Result {
  readonly outcome: Outcome;
  readonly because: string | null;
  readonly answer: Answer | null;
}

/**
 * Bare HTTPS to one address, with connections that are kept. A client library would try again and hide what a drill is to
 * see: here each call is one request.
 */
export class Session {
  readonly #base: URL;
  readonly #agent: Agent;
  #token = '';
  #login: (() => Promise<string | null>) | null = null;

  constructor({ url, ca }: Endpoint) {
    this.#base = new URL(url);
    // One context for all connections: making one for each costs as much as a handshake.
    const secureContext = createSecureContext({ ca });
    this.#agent = new Agent({ keepAlive: true, maxSockets: 16, secureContext });
  }

  /** The header that later calls carry. */
  useToken(token: string): void {
    this.#token = `Token token="${Buffer.from(token).toString('base64')}"`;
  }

  /** Where a node refuses the token, `login` is asked for another one, for the calls that follow; null: there is none. */
  renewWith(login: () => Promise<string | null>): void {
    this.#login = login;
  }

  /** Never rejects. */
  async call(call: Call): Promise<Result> {
    try {
      const answer = await this.#send(call);
      if (answer.status === 401) await this.#renew();
      return { ...judge(answer), answer };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'cut';
      return { outcome: neverSent.has(code) ? 'failed' : 'indeterminate', because: code, answer: null };
    }
  }

  async #renew(): Promise<void> {
    const token = (await this.#login?.()) ?? null;
    if (token !== null) this.useToken(token);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send({ method, path, body, timeoutMs, cutAfterMs = null }: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(
        new URL(path, this.#base),
        {
          agent: this.#agent,
          method,
          headers: {
            ...(this.#token === '' ? {} : { authorization: this.#token }),
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          },
          signal: AbortSignal.timeout(timeoutMs),
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              body: Buffer.concat(chunks).toString(),
              untouched: response.headers['x-holdfast-untouched'] === '1',
            }),
          );
        },
      );
      sent.on('error', reject);
      if (cutAfterMs !== null) cutOnceSent(sent, cutAfterMs);
      sent.end(body);
    });
  }
}

/** `finish`: all of the request was handed to the kernel; before that a cut would be no request at all. */
function cutOnceSent(sent: ClientRequest, afterMs: number): void {
  sent.once('finish', () => {
    const error = Object.assign(new Error(cutByClient), { code: cutByClient });
    const timer = setTimeout(() => sent.destroy(error), afterMs);
    sent.once('close', () => clearTimeout(timer));
  });
}

/** Errors of the connection that come before a byte of the request has left. */
const neverSent: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** A refusal is certain where it is the request's fault, or the node says that it had not begun; else it is open. */
function judge({ status, untouched }: Answer): Pick<Result, 'outcome' | 'because'> {
  if (status >= 200 && status < 300) return { outcome: 'ok', because: null };
  const certain = untouched || (status >= 400 && status < 500 && status !== 408);
  const because = untouched ? `node_not_serving, status ${status}` : `status ${status}`;
  return { outcome: certain ? 'failed' : 'indeterminate', because };
}
