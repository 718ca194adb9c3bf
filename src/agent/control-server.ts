import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { TLSSocket } from 'node:tls';
import { describeError, Problem, type ProblemKind } from '../core/problem.ts';
import type { EtcdGateway } from '../coordination/etcd-gateway.ts';
import type { ClusterStore } from '../core/coordination/cluster-store.ts';
import type { Logger } from '../runtime/log.ts';
import { attemptLimiter, readBody } from './http-limits.ts';
import { admit, tellCluster } from './join-admission.ts';
import { bodyLimitBytes, joinFactsPath, joinPath, parseJoinRequest } from './join-exchange.ts';
import type { NodeLayout } from './layout.ts';
import type { NodeConfig } from './node-config.ts';
import { holdfastVersion } from './product-version.ts';

export interface ControlDeps {
  readonly node: { readonly config: NodeConfig; readonly layout: NodeLayout; readonly log: Logger };
  readonly store: ClusterStore;
  readonly gateway: EtcdGateway;
}

export interface ControlServer {
  /** Ends it: calls under way are cut after a moment. */
  readonly close: () => Promise<void>;
}

/** What `GET /v1/node` says. */
export interface NodeCard {
  readonly name: string;
  readonly kind: NodeConfig['kind'];
  readonly cluster: string;
  readonly version: string;
}

const requestMs = 10_000;
const closeMs = 500;
/** Joins that are worked on at a time: each runs openssl a few times. */
const joinsAtATime = 4;

const statuses: Readonly<Record<ProblemKind, number>> = {
  usage: 400,
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  not_allowed: 405,
  too_large: 413,
  unavailable: 503,
  timeout: 504,
  internal: 500,
};

/**
 * The agent's own port, for other nodes: HTTPS with a client certificate of the cluster's authority, or no answer but 401.
 * The one exception is `POST /v1/join`, and what is asked before it: the caller has none yet, and brings a token.
 *
 * @throws Problem `port_taken`, `certificate_invalid`
 */
export async function startControlServer(deps: ControlDeps): Promise<ControlServer> {
  const { config, layout, log } = deps.node;
  const [key, cert, ca] = await Promise.all([
    readFile(layout.tls.key),
    readFile(layout.tls.cert, 'utf8'),
    readFile(layout.tls.ca, 'utf8'),
  ]);
  const server = createServer({
    key,
    cert: `${cert.trimEnd()}\n${ca}`, // the authority goes along: a newcomer knows it by its fingerprint
    ca,
    requestCert: true,
    rejectUnauthorized: false, // told in a sentence instead, and not at all for a newcomer
    minVersion: 'TLSv1.3',
    handshakeTimeout: requestMs,
    maxHeaderSize: 8 * 1024,
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    keepAliveTimeout: 1000,
  });
  server.maxConnections = 200;
  const route = router(deps);
  server.on('request', (request, response) => void answer(request, response, { route, log }));
  server.on('tlsClientError', () => undefined); // whoever speaks no TLS, or gave up
  await listen(server, config);
  return { close: () => close(server) };
}

type Route = (request: IncomingMessage) => Promise<object>;

function router(deps: ControlDeps): Route {
  const { config, layout, log } = deps.node;
  const mayTry = attemptLimiter({ burst: 20, everyMs: 1000, remember: 1000 });
  let joining = 0;
  const join = async (request: IncomingMessage, path: string): Promise<object> => {
    const from = request.socket.remoteAddress ?? 'unknown';
    if (joining >= joinsAtATime || !mayTry(from)) {
      throw new Problem('too_many_requests', 'Too many attempts to join. Try again in a few seconds.');
    }
    joining += 1;
    try {
      const wanted = parseJoinRequest(await readBody(request, bodyLimitBytes));
      const admission = { config, layout, store: deps.store, gateway: deps.gateway };
      if (path === joinFactsPath) return await tellCluster(admission, wanted);
      const granted = await admit(admission, wanted);
      log.info({ joined: wanted.name, from }, 'a node was let in');
      return granted;
    } finally {
      joining -= 1;
    }
  };
  return async (request) => {
    const path = request.url?.split('?')[0] ?? '/';
    const asked = `${request.method} ${path}`;
    if (asked === `POST ${joinPath}` || asked === `POST ${joinFactsPath}`) return join(request, path);
    assertOurs(request);
    if (asked === 'GET /v1/node') {
      const { name, kind, cluster } = config;
      return { name, kind, cluster, version: holdfastVersion() } satisfies NodeCard;
    }
    if ([joinPath, joinFactsPath, '/v1/node'].includes(path)) {
      throw new Problem('method_not_allowed', `${path} does not take ${request.method}.`);
    }
    throw new Problem('route_not_found', `There is nothing at ${path}.`);
  };
}

/** @throws Problem `certificate_required` unless the caller proved that it belongs to the cluster */
function assertOurs({ socket }: IncomingMessage): void {
  if (socket instanceof TLSSocket && socket.authorized) return;
  throw new Problem(
    'certificate_required',
    "This port answers to a valid certificate of the cluster's own authority alone.",
  );
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { route, log }: { readonly route: Route; readonly log: Logger },
): Promise<void> {
  const from = request.socket.remoteAddress; // while there is a socket
  response.on('error', () => undefined); // the caller is gone
  try {
    send(response, 200, await route(request));
  } catch (error) {
    const problem = error instanceof Problem ? error : null;
    const status = problem?.code === 'too_many_requests' ? 429 : statuses[problem?.kind ?? 'internal'];
    if (status === 500) log.error({ err: error }, 'a call of another node failed');
    else log.info({ code: problem?.code, from }, describeError(error));
    // A fault of ours keeps its text here; what was refused is told.
    const message = status === 500 ? 'The node failed; its log says why.' : describeError(error);
    response.setHeader('connection', 'close'); // the rest of the body may not have been read
    send(response, status, { error: { code: problem?.code ?? 'internal', message } });
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(text);
}

async function listen(server: Server, { listen: host, addresses }: NodeConfig): Promise<void> {
  server.listen({ host, port: addresses.agent, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new Problem(
      'port_taken',
      `addresses.agent: cannot listen on ${host}:${addresses.agent}: ${describeError(cause)}. End what listens there.`,
      { cause },
    );
  }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), closeMs);
  await closed;
  clearTimeout(cut);
}
