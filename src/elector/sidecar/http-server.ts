import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Problem } from '../../core/problem.ts';
import type { Contender } from './contender.ts';
import { metricsText } from './metrics.ts';

export interface StatusServer {
  readonly close: () => Promise<void>;
}

/**
 * Answers three questions over HTTP, about all elections, or about one: `/leader/NAME`.
 * `/health`: does it take part (a session, or a reason to wait)? `/leader`: does this one lead? 200 says yes, 503 no, so
 * that a load balancer can ask. `/metrics`: Prometheus' text form.
 *
 * @throws Problem `port_taken`
 */
export async function serveStatus(
  { host, port }: { readonly host: string; readonly port: number },
  contenders: readonly Contender[],
): Promise<StatusServer> {
  const server = createServer({ requestTimeout: 5000, keepAliveTimeout: 5000 }, (request, response) => {
    answer(request, response, contenders);
  });
  server.maxConnections = 64;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new Problem('port_taken', `--http: ${host}:${port} cannot be listened on. Choose another port.`, {
      cause,
    });
  }
  server.on('error', () => undefined);
  return {
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, contenders: readonly Contender[]): void {
  const [, question = '', name = null] = (request.url ?? '').split('?')[0]?.split('/') ?? [];
  const meant = contenders.filter(({ settings }) => name === null || settings.serviceName === decoded(name));
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return send(response, 405, { error: 'only GET' });
  if (meant.length === 0) return send(response, 404, { error: 'no such election' });
  switch (question) {
    case 'health': {
      const isWell = meant.every(takesPart);
      return send(response, isWell ? 200 : 503, { healthy: isWell, elections: meant.map(told) });
    }
    case 'leader': {
      const leads = meant.every((each) => each.standing()?.isLeading === true);
      return send(response, leads ? 200 : 503, { leading: leads, elections: meant.map(told) });
    }
    case 'metrics':
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(metricsText(meant));
      return;
    default:
      return send(response, 404, { error: 'ask for /health, /leader or /metrics' });
  }
}

function takesPart(contender: Contender): boolean {
  const standing = contender.standing();
  return standing !== null && (standing.sessionId !== null || standing.unfitBecause !== null);
}

function told({ settings, standing }: Contender): unknown {
  const now = standing();
  return {
    service: settings.serviceName,
    key: settings.key,
    leading: now?.isLeading ?? false,
    token: now?.token ?? null,
    session: now?.sessionId ?? null,
    holder: now?.holder ?? null,
    authorityLeftMs: Math.round(now?.authorityLeftMs ?? 0),
    unfitBecause: now?.unfitBecause ?? null,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
