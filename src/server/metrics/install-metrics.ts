import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isProblem, type ProblemKind } from '../../core/problem.ts';
import type { Metrics } from './open-metrics.ts';
import { operationOf, unknownOperation } from './operations.ts';

/** Counts every answer of an app. Call it before the routes are added. */
export function installMetrics(app: FastifyInstance, metrics: Metrics): void {
  const fixed = new Map<string, Map<string, string>>();
  app.addHook('onRoute', ({ method, url }) => {
    if (url.includes(':authenticator')) return;
    const byMethod = fixed.get(url) ?? new Map<string, string>();
    for (const name of [method].flat()) byMethod.set(name, operationOf(name, url));
    fixed.set(url, byMethod);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const known = fixed.get(request.routeOptions.url ?? '')?.get(request.method);
    metrics.answered(known ?? operationOfRequest(request), reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
}

/** Counts a failure of ours, and nothing that is the client's own: refusals of what it sent, or may not do. */
export function countFailure(metrics: Metrics, request: FastifyRequest, error: unknown): void {
  const why = isProblem(error) ? (ours.has(error.kind) ? error.code : null) : 'fault';
  if (why !== null) metrics.failed(operationOfRequest(request), why);
}

function operationOfRequest({ method, routeOptions, params }: FastifyRequest): string {
  const { url } = routeOptions;
  if (url === undefined) return unknownOperation;
  return operationOf(method, url, typeof params === 'object' && params !== null ? { ...params } : {});
}

const ours: ReadonlySet<ProblemKind> = new Set(['internal', 'timeout', 'unavailable', 'usage']);
