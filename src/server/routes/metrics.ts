import { anyText } from '../http/route-about.ts';
import { noRoute } from '../http/parameters.ts';
import type { Route } from '../http/route.ts';

/** `GET /metrics`: for Prometheus. Anybody may ask, as in Conjur: it tells how many, never what. */
export const metricsRoute: Route = {
  method: 'GET',
  url: '/metrics',
  effect: 'open',
  token: 'none',
  about: {
    summary: 'What this node counts, for Prometheus (`CONJUR_TELEMETRY_ENABLED`).',
    group: 'Node',
    answers: {
      200: { about: 'The metrics.', content: { 'text/plain': anyText } },
      404: 'Metrics are switched off.',
    },
  },
  handle: async ({ context }) => {
    if (context.metrics === null) throw noRoute();
    const { type, body } = await context.metrics.text();
    return { status: 200, headers: { 'content-type': type }, body };
  },
};
