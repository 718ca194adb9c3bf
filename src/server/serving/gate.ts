import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../../core/problem.ts';
import { renderError } from '../answers/render-error.ts';
import type { PassOn } from './pass-on.ts';
import type { Serving, ServingView } from './serving.ts';

/** What a route does: `open` routes are answered by every node; all others obey the serving state. */
export type Effect = 'open' | 'read' | 'write';

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly effect?: Effect | ((request: FastifyRequest) => Effect);
  }
  interface FastifyRequest {
    /** The role and term in which the gate let the request in; null for open routes. */
    servedAs: { readonly role: 'master' | 'follower'; readonly term: number } | null;
  }
}

export interface GateNeeds {
  readonly serving: Serving;
  readonly passOn: PassOn;
  /** How long a held write waits for the hand-over. */
  readonly holdMs?: number;
}

const defaultHoldMs = 2000;
/** Between two attempts to pass a request on to a successor that does not serve yet. */
const passOnAgainMs = 20;

/**
 * Lets requests in as the serving state says, and lets answers out only while it still says so:
 *
 * - onRequest: a node that serves nobody refuses (503) before it reads a body; a follower refuses writes (405);
 * - preHandler: writes, and reads too once a hand-over has stopped the databases, are held, passed on or refused (503),
 *   before PostgreSQL is asked;
 * - onSend: the answer of a master whose authority, or term, has ended meanwhile becomes a 503.
 */
export function installGate(app: FastifyInstance, needs: GateNeeds): void {
  const { serving } = needs;
  app.decorateRequest('servedAs', null);
  // With `done` and no promises: every request passes here.
  app.addHook('onRequest', (request, _reply, done) => {
    const effect = effectOf(request);
    if (effect === 'open') return done();
    const view = serving.view();
    const refusal = isHeld(view, effect) ? null : enter(request, view, effect);
    return refusal === null ? done() : done(refusal);
  });
  app.addHook('preHandler', (request, reply, done) => {
    const effect = effectOf(request);
    // Writes are asked again: a hand-over may have begun while the body came in.
    if (effect === 'open' || (effect === 'read' && request.servedAs !== null)) return done();
    hold(needs, request, reply, effect).then((passedOn) => (passedOn ? undefined : done()), done);
    return undefined;
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    const { servedAs } = request;
    // An error of ours claims nothing that could be stale, and may say more than what is said here.
    const mayLeave =
      servedAs?.role !== 'master' || reply.statusCode >= 500 || serving.mayAnswer(servedAs.term);
    if (mayLeave) return done(null, payload);
    const refusal = renderError(tooLate(effectOf(request), serving.view()));
    void reply.code(refusal.status).headers(refusal.headers).removeHeader('content-encoding');
    return done(null, refusal.body);
  });
}

/** What the route of a request does. */
export function effectOf(request: FastifyRequest): Effect {
  const effect = request.routeOptions.config.effect ?? 'read';
  return typeof effect === 'function' ? effect(request) : effect;
}

/** Why a request may not begin here: `node_not_serving`, `read_only`, `writes_closed`; null when it may. */
function enter(request: FastifyRequest, view: ServingView, effect: Effect): Problem | null {
  if (view.role === 'standby' || view.role === 'starting') {
    return new Problem('node_not_serving', `This node serves no requests now: ${view.because}.`);
  }
  if (view.role === 'follower' && effect === 'write') {
    return new Problem('read_only', 'Write operations are not allowed');
  }
  if (effect === 'write' && view.writes === 'closed') {
    return new Problem('writes_closed', `This node takes no writes now: ${view.because}.`);
  }
  request.servedAs = { role: view.role, term: view.term };
  return null;
}

/** The work is done; whether it lasts is for the next master to say. */
function tooLate(effect: Effect, view: ServingView): Problem {
  const ended = `this node is no longer the master: ${view.because}`;
  return effect === 'write'
    ? new Problem('write_indeterminate', `It is not certain that the write will last: ${ended}.`)
    : new Problem('answer_too_late', `The answer came too late: ${ended}.`);
}

/** During a hand-over everything waits for the successor; a master that only lost its standbys goes on serving reads. */
function isHeld(view: ServingView, effect: Effect): boolean {
  if (view.writes !== 'held' || view.role === 'follower') return false;
  return effect === 'write' || view.role !== 'master';
}

/** Waits until a request may begin (false) or has been answered by the successor (true). */
async function hold(
  needs: GateNeeds,
  request: FastifyRequest,
  reply: FastifyReply,
  effect: Effect,
): Promise<boolean> {
  const giveUpAt = performance.now() + (needs.holdMs ?? defaultHoldMs);
  // It begins here, or is answered by another node: that it was let in before its body came in counts no more.
  request.servedAs = null;
  for (;;) {
    const view = needs.serving.view();
    if (!isHeld(view, effect)) {
      const refusal = enter(request, view, effect);
      if (refusal !== null) throw refusal;
      return false;
    }
    const leftMs = giveUpAt - performance.now();
    if (leftMs <= 0) {
      throw new Problem(
        'writes_closed',
        'The hand-over to another node takes longer than expected; try again.',
      );
    }
    if (view.successor === null) await needs.serving.nextChange(leftMs);
    else if (await needs.passOn(request, reply, view.successor, leftMs)) return true;
    else await needs.serving.nextChange(Math.min(leftMs, passOnAgainMs));
  }
}
