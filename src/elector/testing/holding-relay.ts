import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

/** What becomes of a request: it passes; it gets there, and its answer is kept back; it never gets there. */
export type Fate = 'passes' | 'unanswered' | 'unsent';

/** An HTTP relay to a Consul agent, which may keep requests and answers back. */
export interface HoldingRelay {
  readonly address: string;
  /** From now on. What is kept back stays so. */
  readonly decide: (fate: (method: string, path: string) => Fate) => void;
  /** Resolves once a request, from now on, was kept back. */
  readonly held: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openHoldingRelay(target: string): Promise<HoldingRelay> {
  let fateOf: (method: string, path: string) => Fate = () => 'passes';
  const waiting: (() => void)[] = [];
  const hold = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const server = createServer((near, response) => {
    const fate = fateOf(near.method ?? '', near.url ?? '');
    if (fate === 'unsent') hold();
    else forward(target, near, response, fate === 'unanswered' ? hold : null);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    address: `http://127.0.0.1:${address.port}`,
    decide: (fate) => {
      fateOf = fate;
    },
    held: () => new Promise((resolve) => waiting.push(resolve)),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** @param hold called in the answer's stead; null: it is passed on */
function forward(
  target: string,
  near: IncomingMessage,
  response: ServerResponse,
  hold: (() => void) | null,
): void {
  const { method = 'GET', headers, url = '' } = near;
  const far = request(`${target}${url}`, { method, headers, agent: false }, (answer) => {
    if (hold !== null) {
      answer.resume().once('end', hold);
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  far.on('error', () => response.destroy());
  response.once('close', () => far.destroy());
  near.pipe(far);
}
