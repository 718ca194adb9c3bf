import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';

/** What a server that stands in for a vault does beside telling the truth. */
export type Misbehaviour =
  /** Answers 500 to every request whose path matches; `times` of them, then the truth. */
  | {
      readonly kind: 'fails';
      readonly path: RegExp;
      times: number;
      readonly status?: number;
      readonly retryAfter?: string;
    }
  /** Lists nothing, with status 200; `of`: only where path and query, decoded, match. */
  | { readonly kind: 'empty'; readonly of?: RegExp }
  /** Leaves out the second half of each list, though it counts it. */
  | { readonly kind: 'half' }
  /** Counts so many more entries than it has. */
  | { readonly kind: 'miscounts'; readonly by: number }
  /** Answers what matches with this, whatever the truth is. */
  | {
      readonly kind: 'says';
      readonly path: RegExp;
      readonly body: string | Uint8Array;
      readonly status?: number;
    }
  /** Waits before it answers what matches; `of`: and only where path and query, decoded, match that. */
  | { readonly kind: 'slow'; readonly path: RegExp; readonly of?: RegExp; readonly ms: number }
  /** Breaks the connection in the middle of an answer that matches. */
  | { readonly kind: 'dies'; readonly path: RegExp };

export interface StandIn {
  readonly url: string;
  /** Method and path of each request so far. */
  readonly asked: string[];
  misbehaviour: Misbehaviour | null;
  /** Is told each request before it is answered: what it does then happens in mid-pass. */
  onAsked: (line: string) => void;
  /** Each connection that was made so far, also those that are closed. */
  readonly connections: readonly Socket[];
  readonly stop: () => Promise<void>;
}

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Told {
  readonly status: number;
  /** undefined: no body. */
  readonly json: unknown;
}

/** A server on loopback that answers with `answer`, and misbehaves as it is told. */
export async function startStandIn(
  answer: (asked: Asked, misbehaviour: Misbehaviour | null) => Told,
  tls: { readonly cert: string; readonly key: string } | null = null,
): Promise<StandIn> {
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void handle(request, response);
  const server = tls === null ? createServer(listener) : createSecureServer(tls, listener);
  const asked: string[] = [];
  const connections: Socket[] = [];
  server.on('connection', (socket: Socket) => connections.push(socket));
  const timers = new Set<NodeJS.Timeout>();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const url = new URL(request.url ?? '/', 'http://stand-in');
    const line = `${request.method ?? ''} ${request.url ?? ''}`;
    asked.push(line);
    standIn.onAsked(line);
    const { misbehaviour } = standIn;
    const told = answer({ method: request.method ?? '', url, headers: request.headers, body }, misbehaviour);
    const matches =
      misbehaviour !== null &&
      'path' in misbehaviour &&
      misbehaviour.path.test(url.pathname) &&
      (misbehaviour.kind !== 'slow' || (misbehaviour.of?.test(decodeURIComponent(url.href)) ?? true));
    if (misbehaviour?.kind === 'fails' && matches && misbehaviour.times > 0) {
      misbehaviour.times -= 1;
      const headers = misbehaviour.retryAfter === undefined ? {} : { 'retry-after': misbehaviour.retryAfter };
      response.writeHead(misbehaviour.status ?? 500, headers).end('<html>failed</html>');
      return;
    }
    if (misbehaviour?.kind === 'says' && matches) {
      response
        .writeHead(misbehaviour.status ?? 200, { 'content-type': 'application/json' })
        .end(misbehaviour.body);
      return;
    }
    const text = told.json === undefined ? '' : JSON.stringify(told.json);
    response.writeHead(told.status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    });
    if (misbehaviour?.kind === 'dies' && matches) {
      response.write(text.slice(0, text.length / 2), () => response.destroy());
    } else if (misbehaviour?.kind === 'slow' && matches) {
      const timer = setTimeout(() => response.end(text), misbehaviour.ms);
      timers.add(timer);
    } else response.end(text);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const standIn: StandIn = {
    url: `${tls === null ? 'http' : 'https'}://127.0.0.1:${port}`,
    asked,
    connections,
    misbehaviour: null,
    onAsked: () => undefined,
    stop: async () => {
      for (const timer of timers) clearTimeout(timer);
      server.close();
      server.closeAllConnections();
      await once(server, 'close').catch(() => undefined);
    },
  };
  return standIn;
}
