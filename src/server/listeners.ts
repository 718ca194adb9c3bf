import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { FastifyInstance } from 'fastify';
import type { WorkerSettings } from '../core/serving.ts';
import { markFromPeer } from './http/client-address.ts';
import type { PeerIdentity } from './serving/pass-on.ts';

/** The two doors of a worker. */
export interface Listeners {
  /** Reads the certificate files again; connections that stand keep the old certificate. */
  readonly reload: () => Promise<void>;
  readonly close: () => Promise<void>;
  /** The ports listened on: what `port: 0` became. */
  readonly ports: { readonly api: number; readonly peer: number };
}

type Tls = WorkerSettings['tls'];

const requestTimeoutMs = 60_000;
const headersTimeoutMs = 10_000;
/** Longer than HAProxy keeps an idle connection to a server, so that it is never the server that closes first. */
const keepAliveTimeoutMs = 75_000;

/** Reads certificate, key and authority. The key stays in this process. */
export async function readIdentity(tls: Tls): Promise<PeerIdentity> {
  const [ca, cert, key] = await Promise.all(
    [tls.caFile, tls.certFile, tls.keyFile].map((path) => readFile(path, 'utf8')),
  );
  return { ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
}

/**
 * Listens twice with one app: `api` for clients, `peer` for other nodes, which must show a certificate of the cluster's
 * authority. `identity` is what `readIdentity` read; `onReload` hears of a new one.
 */
export async function openListeners(
  settings: Pick<WorkerSettings, 'api' | 'peer' | 'tls' | 'worker'>,
  app: FastifyInstance,
  identity: PeerIdentity,
  onReload: (identity: PeerIdentity) => void,
): Promise<Listeners> {
  const { cert, key, ca } = identity;
  const api = createServer({ cert, key, minVersion: 'TLSv1.2' }, (request, response) => {
    app.routing(request, response);
  });
  const peer = createServer(
    { cert, key, ca, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
    (request, response) => {
      markFromPeer(request);
      app.routing(request, response);
    },
  );
  for (const server of [api, peer]) {
    server.requestTimeout = requestTimeoutMs;
    server.headersTimeout = headersTimeoutMs;
    server.keepAliveTimeout = keepAliveTimeoutMs;
  }
  const shared = settings.worker !== null;
  const ports = {
    api: await listen(api, settings.api, shared),
    peer: await listen(peer, settings.peer, shared),
  };
  return {
    ports,
    reload: async () => {
      const fresh = await readIdentity(settings.tls);
      api.setSecureContext({ cert: fresh.cert, key: fresh.key, minVersion: 'TLSv1.2' });
      peer.setSecureContext({ ...fresh, minVersion: 'TLSv1.2' });
      onReload(fresh);
    },
    close: async () => {
      await Promise.all([api, peer].map(closeServer));
    },
  };
}

async function listen(
  server: Server,
  address: { readonly host: string; readonly port: number },
  shared: boolean,
): Promise<number> {
  // Shared: the kernel divides connections among all who listen so (socket(7), SO_REUSEPORT).
  server.listen({ port: address.port, host: address.host, reusePort: shared });
  await once(server, 'listening');
  const bound = server.address();
  return bound === null || typeof bound === 'string' ? address.port : bound.port;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
