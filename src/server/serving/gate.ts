import type { Instant } from '../../core/clock.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../../core/problem.ts';
import { renderError } from '../answers/render-error.ts';
import { positionHeader } from '../../core/log-position.ts';
import { dataAgeHeader, passedOnHeader } from '../http/holdfast-headers.ts';
import { awaitPosition, type PositionNeeds, refusesAsTooOld, tooOld } from './follower-data.ts';
import { Ways } from '../../core/ways.ts';
import type { PassOn } from './pass-on.ts';
import type { ServingView } from './serving.ts';

/**
 * What a route does: `open` routes are answered by every node; all others obey the serving state. A `read-master` reads what the
 * master has more of than its followers: they pass it on as they do writes, and answer themselves when they pass on nothing.
 */
export type Effect = 'open' | 'read' | 'read-master' | 'write';

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly effect?: Effect | ((request: FastifyRequest) => Effect);
  }
  interface FastifyRequest {
    /** The role and term in which the gate let the request in; null for open routes. Of a follower: how new its data was. */
    servedAs: {
      readonly role: 'master' | 'follower';
      readonly term: number;
      readonly asOf: Instant | null;
    } | null;
  }
}

export interface GateNeeds extends PositionNeeds {
  readonly passOn: PassOn;
  /** How long a held write waits for the hand-over. */
  readonly holdMs?: number;
}

const defaultHoldMs = 2000;
/** Between two attempts to pass a request on to a successor that does not serve yet. */
const passOnAgainMs = 20;
/** The same for a follower, whose master may be gone for long. */
const passUpAgainMs = 100;
/** Writes that wait for the master, their bodies in memory; who comes above that is refused at once. */
const passingUpLimit = 500;

/**
 * Lets requests in as the serving state says, and lets answers out only while it still says so:
 *
 * - onRequest: a node that serves nobody refuses (503) before it reads a body, and so may a follower whose data is too old;
 *   a follower that is told to refuses writes (405);
 * - preHandler: writes, and reads too once a hand-over has stopped the databases, are held, passed on or refused (503),
 *   before PostgreSQL is asked; a read at a follower waits for the position that it names;
 * - onSend: the answer of a master whose authority, or term, has ended meanwhile becomes a 503; that of a follower says how
 *   old its data may be.
 */
export function installGate(app: FastifyInstance, needs: GateNeeds): void {
  const { serving } = needs;
  const upward = new Ways();
  let passingUp = 0;
  app.decorateRequest('servedAs', null);
  // With `done` and no promises: every request passes here.
  app.addHook('onRequest', (request, _reply, done) => {
    const effect = effectOf(request);
    if (effect === 'open') return done();
    const view = serving.view();
    const goesOn = isHeld(view, effect) || passesUp(needs, view, effect);
    const refusal = goesOn ? null : enter(needs, request, view, effect);
    return refusal === null ? done() : done(refusal);
  });
  app.addHook('preHandler', (request, reply, done) => {
    const effect = effectOf(request);
    if (effect === 'open') return done();
    if (effect !== 'write' && request.servedAs !== null) {
      const mayBeBehind =
        request.servedAs.role === 'follower' && request.headers[positionHeader] !== undefined;
      if (!mayBeBehind) return done();
      awaitPosition(needs, request).then(() => done(admit(request, serving.view())), done);
      return undefined;
    }
    // Writes are asked again: a hand-over may have begun while the body came in.
    const up = passesUp(needs, serving.view(), effect);
    if (up && passingUp >= passingUpLimit) {
      return done(
        new Problem('server_busy', 'Too many requests wait for the master already; nothing was done.'),
      );
    }
    passingUp += Number(up);
    hold(needs, upward, { request, reply, effect })
      .then((passedOn) => (passedOn ? undefined : done()), done)
      .finally(() => {
        passingUp -= Number(up);
      });
    return undefined;
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    const { servedAs } = request;
    if (servedAs?.role === 'follower') tellAge(reply, serving.ageOf(servedAs.asOf));
    // An error of ours claims nothing that could be stale, and may say more than what is said here.
    const mayLeave =
      servedAs?.role !== 'master' || reply.statusCode >= 500 || serving.mayAnswer(servedAs.term);
    if (mayLeave) return done(null, payload);
    const refusal = renderError(tooLate(effectOf(request), serving.view()));
    void reply.code(refusal.status).headers(refusal.headers);
    void reply.removeHeader('content-encoding').removeHeader(positionHeader);
    return done(null, refusal.body);
  });
}

/** What the route of a request does. */
export function effectOf(request: FastifyRequest): Effect {
  const effect = request.routeOptions.config.effect ?? 'read';
  return typeof effect === 'function' ? effect(request) : effect;
}

/** Why a request may not begin here: `node_not_serving`, `read_only`, `data_too_old`, `writes_closed`; null when it may. */
function enter(
  { serving, settings }: GateNeeds,
  request: FastifyRequest,
  view: ServingView,
  effect: Effect,
): Problem | null {
  if (view.role === 'standby' || view.role === 'starting') {
    return new Problem('node_not_serving', `This node serves no requests now: ${view.because}.`);
  }
  if (view.role === 'follower' && effect === 'write') {
    return new Problem('read_only', 'Write operations are not allowed');
  }
  if (view.role === 'follower' && refusesAsTooOld(serving.dataAgeMs, settings))
    return tooOld(serving.dataAgeMs);
  if (effect === 'write' && view.writes === 'closed') {
    return new Problem('writes_closed', `This node takes no writes now: ${view.because}.`);
  }
  admit(request, view);
  return null;
}

/** Notes as what the request is served. */
function admit(request: FastifyRequest, { role, term, state }: ServingView): undefined {
  if (role !== 'master' && role !== 'follower') return undefined;
  request.servedAs = { role, term, asOf: state?.data.asOf ?? null };
  return undefined;
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

/** A follower takes for the master what is the master's to answer. */
function passesUp({ settings }: GateNeeds, { role }: ServingView, effect: Effect): boolean {
  const isTheMasters = effect === 'write' || effect === 'read-master';
  return role === 'follower' && isTheMasters && settings.followerWrites === 'pass-on';
}

function tellAge(reply: FastifyReply, ageMs: number | null): void {
  if (ageMs !== null) void reply.header(dataAgeHeader, (ageMs / 1000).toFixed(3));
}

/** Waits until a request may begin (false) or has been answered by another node (true): the successor, or the master. */
async function hold(
  needs: GateNeeds,
  upward: Ways,
  { request, reply, effect }: { request: FastifyRequest; reply: FastifyReply; effect: Effect },
): Promise<boolean> {
  const giveUpAt = performance.now() + (needs.holdMs ?? defaultHoldMs);
  const isPassedOn = request.headers[passedOnHeader] !== undefined;
  // It begins here, or is answered by another node: that it was let in before its body came in counts no more.
  request.servedAs = null;
  for (;;) {
    const view = needs.serving.view();
    const up = passesUp(needs, view, effect);
    if (!up && !isHeld(view, effect)) {
      const refusal = enter(needs, request, view, effect);
      if (refusal !== null) throw refusal;
      return false;
    }
    // It would be cut off here when this node is fenced. Whoever passed it on asks again.
    if (isPassedOn && view.state?.handsOver === true) {
      throw new Problem('writes_closed', 'This node is handing over; ask the next master.');
    }
    const leftMs = giveUpAt - performance.now();
    if (leftMs <= 0) {
      throw new Problem(
        'writes_closed',
        up
          ? 'This follower reaches no master that would take the request; nothing was done. Try again.'
          : 'The hand-over to another node takes longer than expected; try again.',
      );
    }
    const to = up ? upward.choose(view.master) : view.successor;
    if (to === null) {
      await needs.serving.nextChange(leftMs);
      continue;
    }
    const outcome = await needs.passOn(request, reply, { to, withinMs: leftMs, keepsClient: up });
    if (outcome === 'answered') return true;
    if (up && outcome === 'unreached') upward.leadsNowhere();
    await needs.serving.nextChange(Math.min(leftMs, up ? passUpAgainMs : passOnAgainMs));
  }
}
