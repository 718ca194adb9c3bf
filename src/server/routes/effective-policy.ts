import { anyNumber, anyText } from '../http/route-about.ts';
import { Problem } from '../../core/problem.ts';
import { auditRecord } from '../audit/record.ts';
import { hasQuery, idOfPath, pathPart, queryText } from '../http/parameters.ts';
import type { CallerCall, Route } from '../http/route.ts';
import { answerOf } from './policies.ts';

/** `GET /policies/:account/policy/:id[?depth&limit]`: the policy in force, as YAML, or as JSON to who sends that type. */
export const effectivePolicyRoute: Route = {
  method: 'GET',
  url: '/policies/:account/:kind/*',
  token: 'required',
  about: {
    summary:
      'The policy in force, with what lies in it: a text that changes nothing when it is loaded again.',
    group: 'Policies',
    query: {
      depth: { about: 'How many levels of policies below it.', schema: anyNumber },
      limit: { about: 'How many resources, annotations and permissions it may have.', schema: anyNumber },
    },
    answers: {
      200: {
        about: 'The policy; JSON when the request is of type `application/json`.',
        content: { 'application/x-yaml': anyText, 'application/json': { type: 'array' } },
      },
      400: '`depth` or `limit` is no number, or out of bounds.',
      403: 'The caller sees the policy, but does not own it.',
      404: 'There is no such policy, or the caller must not know of it.',
      422: 'The policy has more rows than `limit`.',
    },
  },
  checksCaller: true,
  handle: async ({ context, request, caller }) => {
    const { roleId, incarnation, issuedAt } = caller;
    const { effectivePolicyDepthMax, effectivePolicyRowsMax } = context.settings;
    const [type = ''] = (request.headers['content-type'] ?? '').split(';');
    return answerOf(
      await context.policies.run({
        kind: 'fetch',
        policyId: idOfPath(request, (kind) => kind === 'policy'),
        caller: { roleId, incarnation, issuedAt },
        depth: bound(request, 'depth', effectivePolicyDepthMax),
        limit: bound(request, 'limit', effectivePolicyRowsMax),
        form: type.trim().toLowerCase() === 'application/json' ? 'json' : 'yaml',
      }),
    );
  },
  audit: (call, failure) => [readRecord(call, failure)],
};

/** @throws Problem `request_malformed` */
function bound(request: CallerCall['request'], name: 'depth' | 'limit', most: number): number {
  if (!hasQuery(request, name)) return most;
  const text = queryText(request, name) ?? '';
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw new Problem('request_malformed', `${name}: "${text}" is no whole number from 0 to ${most}`);
}

/** The subject and the sentence are those of Conjur, which prints its parameters as Ruby does. */
function readRecord(call: CallerCall, failure: unknown): ReturnType<typeof auditRecord> {
  const user = call.caller.roleId;
  const account = pathPart(call.request, 'account');
  const identifier = pathPart(call.request, '*');
  const subject: Record<string, string> = { account, identifier };
  for (const name of ['depth', 'limit']) {
    const text = queryText(call.request, name);
    if (text !== null) subject[name] = text;
  }
  subject['role_id'] = user;
  const printed = Object.entries(subject).map(([name, value]) => `:${name}=>${JSON.stringify(value)}`);
  return auditRecord(call, {
    msgid: 'policy',
    operation: 'read',
    user,
    subject,
    failure,
    sentence: `${user} readed {${printed.join(', ')}}`,
    attempt: 'Failed to read policy',
    notice: true,
  });
}
