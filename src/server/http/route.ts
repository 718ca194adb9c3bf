import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isProblem, Problem } from '../../core/problem.ts';
import { callerExists } from '../../store/access.ts';
import type { AuditRecord } from '../../core/audit/audit-record.ts';
import type { Durability } from '../../store/audit.ts';
import type { Answer } from '../answers/answer.ts';
import { forbidden } from '../answers/refusals.ts';
import type { ServerContext } from '../context.ts';
import { type Effect, effectOf } from '../serving/gate.ts';
import type { Caller } from '../token/verifier.ts';
import { formatLogPosition, positionHeader } from '../../core/log-position.ts';
import { clientAddress } from './client-address.ts';
import type { RouteAbout } from './route-about.ts';

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

/** A call that may do without a token. */
export interface MaybeCallerCall extends Call {
  readonly caller: Caller | null;
}

interface RouteBase<C extends Call> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly about: RouteAbout;
  /** `read` unless told otherwise. */
  readonly effect?: Effect | ((request: FastifyRequest) => Effect);
  readonly bodyLimitBytes?: number;
  readonly handle: (call: C) => Promise<Answer>;
  /** The records to write before the answer leaves; `failure` is null after a success. */
  readonly audit?: (call: C, failure: unknown) => readonly AuditRecord[];
}

/**
 * A route behind the token middleware (`required`), one where a token may be missing but not broken (`optional`), or one
 * that never looks at a token (`none`).
 *
 * A token outlives the role that it was issued to. Before a route with a caller does its work, the database is asked
 * whether that role is still there; a route whose own statement does so (`checksCaller`), or whose transaction holds the
 * role's row (`writeAs`), saves that question.
 */
export type Route =
  | ({ readonly token: 'required'; readonly checksCaller?: true } & RouteBase<CallerCall>)
  | ({ readonly token: 'optional' } & RouteBase<MaybeCallerCall>)
  | ({ readonly token: 'none' } & RouteBase<Call>);

/** Puts a route into the app. HEAD is answered wherever GET is. */
export function addRoute(app: FastifyInstance, context: ServerContext, route: Route): void {
  app.route({
    method: route.method,
    url: route.url,
    ...(route.bodyLimitBytes === undefined ? {} : { bodyLimit: route.bodyLimitBytes }),
    config: route.effect === undefined ? {} : { effect: route.effect },
    handler: (request, reply) => answerCall(route, context, request, reply),
  });
}

async function answerCall(
  route: Route,
  context: ServerContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  refuseNul(request);
  const address = clientAddress(request, context.settings.trustedProxies);
  const writes = effectOf(request) === 'write';
  // Counted from here, where the gate has just let it in, to the end of its work, whether the client still waits or not.
  const endWrite = writes ? context.serving.beginWrite() : undefined;
  let answer: Answer;
  try {
    answer = await work(route, { context, request, address }, writes ? 'replicated' : 'local');
    if (writes && answer.status < 400) await tellPosition(context, reply);
  } finally {
    endWrite?.();
  }
  reply.statusCode = answer.status;
  const { headers } = answer;
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) void reply.header(name, value);
  }
  return reply.send(answer.body ?? undefined);
}

/** Where the log holds what was written. A write that was done is not refused because this cannot be told. */
async function tellPosition({ store }: ServerContext, reply: FastifyReply): Promise<void> {
  const position = await store.positions.written();
  if (position !== null) void reply.header(positionHeader, formatLogPosition(position));
}

function work(route: Route, call: Call, durability: Durability): Promise<Answer> {
  if (route.token === 'none') return run(route, call, durability);
  const { context, request, address } = call;
  const found = context.tokens.callerOf(request.headers.authorization, address);
  return found instanceof Promise
    ? found.then((caller) => workFor(route, call, caller, durability))
    : workFor(route, call, found, durability);
}

function workFor(
  route: Exclude<Route, { readonly token: 'none' }>,
  { context, request, address }: Call,
  caller: Caller | null,
  durability: Durability,
): Promise<Answer> {
  if (route.token === 'optional') return run(route, { context, request, address, caller }, durability);
  if (caller === null) throw new Problem('authorization_missing', 'Authorization missing');
  return run(route, { context, request, address, caller }, durability, route.checksCaller !== true);
}

/** Does the work, then writes the audit records, then answers: no answer leaves that the trail does not know of. */
async function run<C extends Call>(
  route: RouteBase<C>,
  call: C,
  durability: Durability,
  askForCaller = false,
): Promise<Answer> {
  const { audit } = call.context.store;
  let answer: Answer;
  try {
    if (askForCaller) await requireLivingCaller(call);
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

/** @throws Problem `forbidden` when the role that the token was issued to is no more */
async function requireLivingCaller(call: Call & { readonly caller?: Caller | null }): Promise<void> {
  const { caller, context } = call;
  if (caller === undefined || caller === null) return;
  if (!(await context.store.reads.run((sql) => callerExists(sql, caller)))) throw forbidden();
}

/** PostgreSQL stores no NUL, so nothing can have one in its name. */
function refuseNul({ raw }: FastifyRequest): void {
  if (raw.url?.includes('%00') === true) {
    throw new Problem('argument_invalid', 'The URL holds a NUL (%00), which no name can have.');
  }
}
