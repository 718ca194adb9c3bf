import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isProblem, Problem } from '../../core/problem.ts';
import type { Answer } from '../answers/answer.ts';
import type { AuditRecord, Durability } from '../../store/audit.ts';
import type { ServerContext } from '../context.ts';
import { type Effect, effectOf } from '../serving/gate.ts';
import type { Caller } from '../token/verifier.ts';
import { clientAddress } from './client-address.ts';

/** One request on its way through a route. */
export interface Call {
  readonly context: ServerContext;
  readonly request: FastifyRequest;
  readonly address: string;
}

/** A call whose token was verified. */
export interface CallerCall extends Call {
  readonly caller: Caller;
}

interface RouteBase<C extends Call> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  /** `read` unless told otherwise. */
  readonly effect?: Effect | ((request: FastifyRequest) => Effect);
  readonly bodyLimitBytes?: number;
  readonly handle: (call: C) => Promise<Answer>;
  /** The records to write before the answer leaves; `failure` is null after a success. */
  readonly audit?: (call: C, failure: unknown) => readonly AuditRecord[];
}

/** A route behind the token middleware, or one that never looks at a token. */
export type Route =
  | ({ readonly token: 'required' } & RouteBase<CallerCall>)
  | ({ readonly token: 'none' } & RouteBase<Call>);

/** Puts a route into the app. HEAD is answered wherever GET is. */
export function addRoute(app: FastifyInstance, context: ServerContext, route: Route): void {
  app.route({
    method: route.method,
    url: route.url,
    ...(route.bodyLimitBytes === undefined ? {} : { bodyLimit: route.bodyLimitBytes }),
    config: route.effect === undefined ? {} : { effect: route.effect },
    handler: async (request, reply) => {
      const call = { context, request, address: clientAddress(request) };
      const writes = effectOf(request) === 'write';
      // Counted from here, where the gate has just let it in, to the end of its work, whether the client still waits or not.
      const endWrite = writes ? context.serving.beginWrite() : undefined;
      let answer: Answer;
      try {
        answer = await work(route, call, writes ? 'replicated' : 'local');
      } finally {
        endWrite?.();
      }
      return reply
        .code(answer.status)
        .headers(answer.headers)
        .send(answer.body ?? undefined);
    },
  });
}

async function work(route: Route, call: Call, durability: Durability): Promise<Answer> {
  if (route.token === 'none') return run(route, call, durability);
  return run(route, { ...call, caller: await requireCaller(call) }, durability);
}

/** @throws Problem `authorization_missing`, and what the verifier throws */
export async function requireCaller(call: Call): Promise<Caller> {
  const caller = await findCaller(call);
  if (caller === null) throw new Problem('authorization_missing', 'Authorization missing');
  return caller;
}

/** The caller on paths where a token is optional: one that is there but broken is refused all the same. */
export function findCaller(call: Call): Promise<Caller | null> {
  return call.context.tokens.callerOf(call.request.headers.authorization, call.address);
}

/** Does the work, then writes the audit records, then answers: no answer leaves that the trail does not know of. */
async function run<C extends Call>(route: RouteBase<C>, call: C, durability: Durability): Promise<Answer> {
  const { audit } = call.context.store;
  let answer: Answer;
  try {
    answer = await route.handle(call);
  } catch (error) {
    if (route.audit !== undefined && !isProblem(error, 'route_not_found')) {
      await audit.append(route.audit(call, error), 'local');
    }
    throw error;
  }
  if (route.audit === undefined) return answer;
  await audit.append(route.audit(call, null), durability);
  return answer;
}
