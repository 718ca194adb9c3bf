import { connect } from 'node:net';

/** A request as bytes: what no HTTP client would send can be sent with it. */
export interface RawRequest {
  readonly method: string;
  /** Path and query, as they go out: one character is one byte (latin1). */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** The status of the last answer on the connection, and how long it took. */
export interface RawAnswer {
  readonly status: number;
  readonly text: string;
  readonly ms: number;
}

/**
 * Sends a request on a connection of its own and reads to the end.
 *
 * @throws Error when nothing comes within `waitMs`, or the connection ends without an answer
 */
export function sendRaw(port: number, request: RawRequest, waitMs: number): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const chunks: Buffer[] = [];
    const socket = connect({ host: '127.0.0.1', port });
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      const text = Buffer.concat(chunks).toString('latin1');
      const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
      const status = statuses.find((one) => one >= 200);
      if (status === undefined) reject(new Error(`no answer: ${JSON.stringify(text.slice(0, 200))}`));
      else resolve({ status, text, ms: performance.now() - startedAt });
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer within ${waitMs} ms`));
    }, waitMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('close', finish);
    socket.on('error', () => undefined); // what came before it still counts
    socket.write(headOf(request), 'latin1');
    socket.write(request.body);
  });
}

function headOf({ method, target, headers, body }: RawRequest): string {
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  const own: readonly (readonly [string, string])[] = [
    ['Host', 'localhost'],
    ['Connection', 'close'],
    ...(names.has('transfer-encoding') ? [] : [['Content-Length', String(body.length)] as const]),
  ];
  const all = [...own.filter(([name]) => !names.has(name.toLowerCase())), ...headers];
  return `${method} ${target} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}
