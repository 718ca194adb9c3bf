import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpsServer, type Server } from 'node:https';
import { createServer } from 'node:net';
import type { TestAuthority } from '../../identity/testing/test-authority.ts';

/** A node as the load balancer sees it: it says 200 or 503 to checks, and its name to everybody else. */
export interface TinyNode extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  isMaster: boolean;
}

export async function startTinyNode(
  name: string,
  authority: TestAuthority,
  dnsNames: readonly string[],
): Promise<TinyNode> {
  const { certPem, keyPem } = await authority.node(name, { dnsNames });
  const server: Server = createHttpsServer({ cert: certPem, key: keyPem }, (request, response) => {
    if (request.url?.startsWith('/health')) response.statusCode = node.isMaster ? 200 : 503;
    response.end(name);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const node = {
    name,
    port: portOf(server),
    isMaster: false,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return node;
}

/** A loopback port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

function portOf(server: { readonly address: () => unknown }): number {
  const address = server.address();
  assert.ok(
    typeof address === 'object' && address !== null && 'port' in address && typeof address.port === 'number',
  );
  return address.port;
}
