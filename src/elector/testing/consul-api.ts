import { request, type RequestOptions } from 'node:http';

/** What Consul answered. */
export interface ConsulAnswer {
  readonly status: number;
  /** X-Consul-Index; null where there is none. */
  readonly index: string | null;
  readonly text: string;
}

/** Consul's HTTP API, as tests use it: plain, and independent of the client that is tested. */
export interface ConsulApi {
  /** Any answer, whatever its status. `path` begins behind `/v1/`. */
  readonly ask: (method: string, path: string, body?: unknown, timeoutMs?: number) => Promise<ConsulAnswer>;
  /** @throws Error on any status but 200; 404 is null. The caller says what it expects. */
  readonly get: <T>(path: string, timeoutMs?: number) => Promise<T | null>;
  /** @throws Error on any status but 200 */
  readonly put: <T>(path: string, body?: unknown) => Promise<T>;
}

const callTimeoutMs = 10_000;

/** `token`: of ACLs, null for none. */
export function consulApi(address: string, token: string | null): ConsulApi {
  const headers = token === null ? {} : { 'X-Consul-Token': token };

  function ask(
    method: string,
    path: string,
    body?: unknown,
    timeoutMs: number = callTimeoutMs,
  ): Promise<ConsulAnswer> {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    return exchange(`${address}/v1/${path}`, { method, headers }, text, timeoutMs);
  }

  async function call<T>(
    method: string,
    path: string,
    body?: unknown,
    timeoutMs?: number,
  ): Promise<T | null> {
    const answer = await ask(method, path, body, timeoutMs);
    if (answer.status === 404) return null;
    if (answer.status !== 200)
      throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
    return (answer.text === '' ? null : JSON.parse(answer.text)) as T | null;
  }

  return {
    ask,
    get: (path, timeoutMs) => call('GET', path, undefined, timeoutMs),
    put: async <T>(path: string, body?: unknown): Promise<T> => {
      const answer = await ask('PUT', path, body);
      if (answer.status !== 200)
        throw new Error(`PUT ${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
      return (answer.text === '' ? null : JSON.parse(answer.text)) as T;
    },
  };
}

/**
 * Repeats a blocking query until its answer is what is waited for. `path` is of an endpoint that blocks (kv, session,
 * health, catalog); it has to carry a query already, or none.
 *
 * @returns the answer that was waited for (null: nothing there)
 * @throws Error with the last answer when it does not come within `timeoutMs`
 */
export async function awaitAnswer<T>(
  api: ConsulApi,
  path: string,
  holds: (answer: T | null) => boolean,
  timeoutMs: number,
): Promise<T | null> {
  const endAt = performance.now() + timeoutMs;
  const query = path.includes('?') ? '&' : '?';
  let index = '0';
  let last: string = 'no answer yet';
  for (;;) {
    const leftMs = Math.ceil(endAt - performance.now());
    if (leftMs <= 0)
      throw new Error(`${path} did not become what was waited for in ${timeoutMs} ms: ${last}`);
    const wait = `${query}index=${index}&wait=${Math.max(leftMs, 10)}ms`;
    // Consul adds up to a sixteenth to a wait.
    const answer = await api.ask('GET', `${path}${wait}`, undefined, Math.ceil(leftMs * 1.1) + 1000);
    last = `${answer.status} ${answer.text.slice(0, 600)}`;
    if (answer.status !== 200 && answer.status !== 404) throw new Error(`${path}: ${last}`);
    const value = answer.status === 404 || answer.text === '' ? null : (JSON.parse(answer.text) as T);
    if (holds(value)) return value;
    index = answer.index ?? '0';
  }
}

/**
 * One exchange on a connection of its own: nothing is left behind of an agent that was killed.
 *
 * @throws Error of the connection; "no answer" after `timeoutMs`
 */
function exchange(
  url: string,
  options: Pick<RequestOptions, 'method' | 'headers'>,
  body: string,
  timeoutMs: number,
): Promise<ConsulAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const index = answer.headers['x-consul-index'];
        resolve({
          status: answer.statusCode ?? 0,
          index: typeof index === 'string' ? index : null,
          text: Buffer.concat(chunks).toString(),
        });
      });
    });
    const late = setTimeout(() => sent.destroy(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    sent.on('error', reject);
    sent.on('close', () => clearTimeout(late));
    sent.end(body);
  });
}
