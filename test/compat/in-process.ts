import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { ApiSettings } from '../../src/core/api-settings.ts';
import { buildApp } from '../../src/server/app.ts';
import { openMetrics } from '../../src/server/metrics/open-metrics.ts';
import { startTestServer, type TestServer } from '../../src/server/testing/test-server.ts';
import { provision } from '../../src/store/provision.ts';
import type { Incoming, Outgoing, Target } from './target.ts';

/** Fastify tells of each request that reached a route (its documentation, "Diagnostics channel hooks"). */
const handled = 'tracing:fastify.request.handler:start';

/** The app on a real database, without a listener. */
export async function startInProcess(): Promise<Target> {
  const server = await startTestServer();
  server.time.now = Date.now();
  server.become();
  const apps = new Map<string, Promise<FastifyInstance>>();
  let route: string | null = null;
  const note = (message: unknown): void => {
    route = routeOf(message);
  };
  subscribe(handled, note);
  const send = async (request: Outgoing, settings: Partial<ApiSettings>): Promise<Incoming> => {
    const key = JSON.stringify(settings);
    const app = apps.get(key) ?? appWith(server, settings);
    apps.set(key, app);
    route = null;
    const { method, path: url, headers, body } = request;
    const options: InjectOptions = { method, url, headers: { ...headers } };
    const answer = await (await app).inject(body === null ? options : { ...options, payload: body });
    return {
      status: answer.statusCode,
      headers: textHeaders(answer.headers),
      body: answer.rawPayload,
      route,
    };
  };
  return {
    send,
    makeAccount: async (account) => {
      const { data, audit } = server.addresses;
      const { adminApiKey } = await provision({ data, audit, account, dataKey: server.dataKey });
      return adminApiKey.reveal();
    },
    stop: async () => {
      unsubscribe(handled, note);
      for (const app of apps.values()) await (await app).close();
      await server.stop();
    },
  };
}

async function appWith(server: TestServer, differing: Partial<ApiSettings>): Promise<FastifyInstance> {
  const { store, serving } = server.context;
  const settings = { ...server.context.settings, ...differing };
  const metrics = settings.telemetry ? await openMetrics({ store, serving, settings, worker: null }) : null;
  return buildApp({ ...server.context, settings, metrics }, { passOn: async () => 'refused' });
}

function routeOf(message: unknown): string | null {
  if (typeof message !== 'object' || message === null || !('route' in message)) return null;
  const { route } = message;
  if (typeof route !== 'object' || route === null || !('url' in route) || !('method' in route)) return null;
  return `${String(route.method)} ${String(route.url)}`;
}

function textHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
