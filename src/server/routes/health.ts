import { anyFlag, json, objectOf, anyText } from '../http/route-about.ts';
import { jsonAnswer } from '../answers/answer.ts';
import type { ServerContext } from '../context.ts';
import type { Route } from '../http/route.ts';
import { isTooOld, refusesAsTooOld } from '../serving/follower-data.ts';
import { apiVersion } from './about.ts';

const stateOfNode = json(
  'What the node is, and why.',
  objectOf({ ok: anyFlag, role: anyText, because: anyText }),
);

/** `GET /health`: 200 where clients may be sent, 502 everywhere else (standbys too); the body is there in both cases. */
export const healthRoute: Route = {
  method: 'GET',
  url: '/health',
  effect: 'open',
  token: 'none',
  about: {
    summary: 'Whether clients may be sent to this node.',
    group: 'Node',
    answers: { 200: stateOfNode, 502: stateOfNode },
  },
  handle: async ({ context }) => {
    const { ok, body } = health(context);
    const answer = jsonAnswer(body, ok ? 200 : 502);
    return ok ? { ...answer, headers: { ...answer.headers, 'conjur-health': 'OK' } } : answer;
  },
};

/**
 * `GET /health/clients`: as `/health`, but 404 while this node has handed over and still passes requests on. A load
 * balancer that knows the difference sends no new connections there, and lets what is under way end (HAProxy:
 * `http-check disable-on-404`).
 */
export const clientsHealthRoute: Route = {
  method: 'GET',
  url: '/health/clients',
  effect: 'open',
  token: 'none',
  about: {
    summary: 'As `/health`, for load balancers that can drain a node.',
    group: 'Node',
    answers: { 200: stateOfNode, 404: 'The node has handed over: send it nothing new.', 502: stateOfNode },
  },
  handle: async ({ context }) => {
    const { ok, drains } = health(context);
    return jsonAnswer({ ok, drains }, ok ? 200 : drains ? 404 : 502);
  },
};

/**
 * `GET /health/replication`: 200 from the moment the node holds the leader key. A master that waits for its first standby
 * is not healthy yet, but standbys must find it.
 */
export const replicationHealthRoute: Route = {
  method: 'GET',
  url: '/health/replication',
  effect: 'open',
  token: 'none',
  about: {
    summary: 'Whether standbys and followers may replicate from this node.',
    group: 'Node',
    answers: { 200: 'It holds the leader key.', 502: 'It does not.' },
  },
  handle: async ({ context }) => {
    const { state } = context.serving.view();
    const ok = state?.replicationOpen ?? false;
    return jsonAnswer({ ok }, ok ? 200 : 502);
  },
};

/** `GET /info`: what this node is; always 200. */
export const infoRoute: Route = {
  method: 'GET',
  url: '/info',
  effect: 'open',
  token: 'none',
  about: {
    summary: 'What this node is.',
    group: 'Node',
    answers: { 200: json('The node.', { type: 'object' }) },
  },
  handle: async ({ context }) => {
    const view = context.serving.view();
    return jsonAnswer({
      release: apiVersion,
      version: apiVersion,
      role: view.role,
      because: view.because,
      services: { possum: { desired: 'i', status: 'i', name: 'possum', version: apiVersion } },
      configuration: {
        conjur: {
          account: context.account,
          hostname: context.nodeName,
          role: view.role,
          cluster_term: view.term,
        },
      },
    });
  },
};

/** Within this time a load balancer has seen that the successor serves: before that, nobody else would take its clients. */
const successorSeenMs = 300;

/** The agent's verdict, and what only the worker knows: whether the databases answer, and whether it may still speak. */
function health(context: ServerContext): {
  readonly ok: boolean;
  readonly drains: boolean;
  readonly body: Record<string, unknown>;
} {
  const view = context.serving.view();
  const databases = context.databases();
  const serves = view.role === 'master' || view.role === 'follower';
  // Whoever hands over has no databases any more: it holds what comes and passes it on, which is what clients need to know.
  const holds = view.writes === 'held' && view.role !== 'follower' && view.state?.role !== 'master';
  const passesOn = holds && (context.serving.passingOnForMs ?? 0) > successorSeenMs;
  const { dataAgeMs } = context.serving;
  const follows = view.role === 'follower';
  const refuses = follows && refusesAsTooOld(dataAgeMs, context.settings);
  const ok =
    (view.state?.health.ok ?? false) &&
    !refuses &&
    ((holds && !passesOn) || (serves && databases.data && databases.audit));
  const told = view.state?.health.body;
  return {
    ok,
    drains: passesOn,
    body: {
      because: view.because,
      ...told,
      ...(follows ? replicationPart(context, told) : {}),
      ok,
      role: view.role,
      worker: { databases, writes_under_way: context.serving.writesUnderWay },
    },
  };
}

/** How new the data of a follower is, at this very moment. */
function replicationPart(
  { serving, settings }: ServerContext,
  told: Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> {
  const { dataAgeMs } = serving;
  const most = settings.followerMaxStalenessSeconds;
  const tooOld = isTooOld(dataAgeMs, settings);
  return {
    degraded: told?.['degraded'] === true || tooOld,
    replication: {
      lag_seconds: dataAgeMs === null ? null : Math.round(dataAgeMs) / 1000,
      limit_seconds: most,
      too_old: tooOld,
    },
  };
}
