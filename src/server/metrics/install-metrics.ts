import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isProblem, type ProblemKind } from '../../core/problem.ts';
import type { Metrics } from './open-metrics.ts';
import { operationOf, unknownOperation } from './operations.ts';

/** Counts every answer of an app. Call it before the routes are added. */
export function installMetrics(app: FastifyInstance, metrics: Metrics): void {
  const operations = new Map<string, Map<string, string>>();
  app.addHook('onRoute', ({ method, url }) => {
    const byMethod = operations.get(url) ?? new Map<string, string>();
    for (const name of [method].flat()) byMethod.set(name, operationOf(name, url));
    operations.set(url, byMethod);
    const type = /^\/(authn(?:-[a-z0-9]+)?)\//.exec(url)?.[1];
    if (type !== undefined && [method].flat().includes('POST')) metrics.installed(type);
  });
  const operation = ({ method, routeOptions }: FastifyRequest): string =>
    operations.get(routeOptions.url ?? '')?.get(method) ?? unknownOperation;
  app.addHook('onResponse', (request, reply, done) => {
    metrics.answered(operation(request), reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
}

/** Counts a failure of ours, and nothing that is the client's own: refusals of what it sent, or may not do. */
export function countFailure(
  metrics: Metrics,
  { method, routeOptions }: FastifyRequest,
  error: unknown,
): void {
  const why = isProblem(error) ? (ours.has(error.kind) ? error.code : null) : 'fault';
  const { url } = routeOptions;
  if (why !== null) metrics.failed(url === undefined ? unknownOperation : operationOf(method, url), why);
}

const ours: ReadonlySet<ProblemKind> = new Set(['internal', 'timeout', 'unavailable', 'usage']);
