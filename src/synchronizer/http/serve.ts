import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { Problem } from '../../core/problem.ts';
import type { HttpConfig } from '../config/config.ts';
import type { Health } from './health.ts';
import { listenFault } from './listen-fault.ts';
import type { MetricsText } from './metrics.ts';
import type { RunReport, RunView } from './report.ts';

export interface StatusServer {
  readonly close: () => Promise<void>;
}

interface StatusNeeds {
  readonly report: RunReport;
  readonly metrics: MetricsText;
  /** Names this synchronizer in the answers. */
  readonly name: string;
  readonly health: () => Health;
  readonly now: () => number;
}

/**
 * Answers `/health` (200 while it works as it should, 503 with a reason otherwise; for load balancers and Kubernetes' probes) and `/metrics`.
 * Neither tells of accounts or values: whoever reaches the port may ask.
 *
 * @throws Problem `port_taken`
 */
export async function serveRunStatus({ host, port }: HttpConfig, needs: StatusNeeds): Promise<StatusServer> {
  const server = createServer({ requestTimeout: 5000, keepAliveTimeout: 5000 }, (request, response) => {
    const { method = '', url = '' } = request;
    request.resume();
    if (method !== 'GET' && method !== 'HEAD') return send(response, 405, { error: 'only GET' });
    const question = url.split('?', 1)[0];
    if (question === '/health') return answerHealth(response, needs);
    if (question === '/metrics') return void answerMetrics(response, needs);
    return send(response, 404, { error: 'ask for /health or /metrics' });
  });
  server.maxConnections = 64;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new Problem('port_taken', `http.listen: ${host}:${port} ${listenFault(cause)}`, { cause });
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

function answerHealth(response: ServerResponse, { report, name, health, now }: StatusNeeds): void {
  const { healthy, reason } = health();
  send(response, healthy ? 200 : 503, { healthy, reason, name, ...told(report.view(), name, now()) });
}

function told(view: RunView, name: string, now: number): Readonly<Record<string, unknown>> {
  const { standing, pause, lastPass, passUnderWaySince, status } = view;
  const seconds = (since: number): number => Math.round((now - since) / 1000);
  return {
    role: standing.role,
    leader: standing.role === 'leader' ? name : (standing.leader ?? null),
    electionFault: standing.fault?.code ?? null,
    leaseLeftSeconds: standing.leaseLeftMs === null ? null : Math.round(standing.leaseLeftMs / 100) / 10,
    paused: pause,
    passUnderWaySeconds: passUnderWaySince === null ? null : seconds(passUnderWaySince),
    lastPass:
      lastPass === null
        ? null
        : {
            end: lastPass.end,
            endedAt: status?.endedAt ?? null,
            ageSeconds: seconds(lastPass.endedAt),
            counts: status?.counts ?? {},
          },
    lastSuccessAt: status?.succeededAt ?? null,
  };
}

async function answerMetrics(response: ServerResponse, { metrics }: StatusNeeds): Promise<void> {
  try {
    const { type, body } = await metrics();
    response.writeHead(200, { 'content-type': type });
    response.end(body);
  } catch {
    send(response, 500, { error: 'the metrics could not be gathered' });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
