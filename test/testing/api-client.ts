import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { createSecureContext } from 'node:tls';

/** What a test sends. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface AnswerWithHeaders extends Answer {
  readonly headers: IncomingHttpHeaders;
}

/** A plain HTTPS client of the API that trusts the cluster's CA alone, with kept-alive connections. */
export class ApiClient {
  readonly #base: URL;
  readonly #agent: Agent;
  readonly account: string;
  #token = '';

  constructor(target: { readonly url: string; readonly caFile: string; readonly account: string }) {
    this.#base = new URL(target.url);
    // One context for all connections: making one for each costs as much as a handshake.
    const secureContext = createSecureContext({ ca: readFileSync(target.caFile) });
    this.#agent = new Agent({ keepAlive: true, maxSockets: 64, secureContext });
    this.account = target.account;
  }

  /** One request; rejects when no answer came (refused, cut, timed out). */
  async call(call: Call): Promise<Answer> {
    const { status, body } = await this.ask(call);
    return { status, body };
  }

  /** As `call`, with the headers of the answer. */
  ask(call: Call): Promise<AnswerWithHeaders> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          agent: this.#agent,
          host: this.#base.hostname,
          port: this.#base.port,
          method: call.method,
          path: call.path,
          headers: {
            ...(this.#token === '' ? {} : { authorization: this.#token }),
            ...(call.body === undefined ? {} : { 'content-length': Buffer.byteLength(call.body) }),
            ...call.headers,
          },
          timeout: call.timeoutMs ?? 5000,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              body: Buffer.concat(chunks).toString(),
              headers: response.headers,
            }),
          );
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('timed out')));
      sent.on('error', reject);
      sent.end(call.body);
    });
  }

  /** Logs in with an API key; later calls carry the token. */
  async authenticate(login: string, apiKey: string): Promise<Answer> {
    const path = `/authn/${this.account}/${encodeURIComponent(login)}/authenticate`;
    const answer = await this.call({ method: 'POST', path, body: apiKey });
    if (answer.status === 200) this.useToken(answer.body);
    return answer;
  }

  useToken(tokenJson: string): void {
    this.#token = `Token token="${Buffer.from(tokenJson).toString('base64')}"`;
  }

  /** What each call of this client carries. */
  get authorization(): string {
    return this.#token;
  }

  useAuthorization(authorization: string): void {
    this.#token = authorization;
  }

  /** Uses the token of another client: tokens are good on every node. */
  useTokenOf(other: ApiClient): void {
    this.#token = other.#token;
  }

  loadPolicy(text: string): Promise<Answer> {
    return this.call({
      method: 'POST',
      path: `/policies/${this.account}/policy/root`,
      body: text,
      timeoutMs: 60_000,
    });
  }

  write(variable: string, value: string, timeoutMs?: number): Promise<Answer> {
    const path = `/secrets/${this.account}/variable/${variable}`;
    return this.call({
      method: 'POST',
      path,
      body: value,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  }

  read(variable: string): Promise<Answer> {
    return this.call({ method: 'GET', path: `/secrets/${this.account}/variable/${variable}` });
  }

  close(): void {
    this.#agent.destroy();
  }
}
