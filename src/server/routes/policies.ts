import { json, anyText } from '../http/route-about.ts';
import { fullId } from '../../core/ids.ts';
import type { LoadMode } from '../../core/policy/types.ts';
import type { AuditRecord } from '../../core/audit/audit-record.ts';
import type { Answer } from '../answers/answer.ts';
import { auditRecord } from '../audit/record.ts';
import { bodyBytes, idOfPath, pathPart, queryText } from '../http/parameters.ts';
import type { CallerCall, Route } from '../http/route.ts';
import type { JobAnswer, LoadJob } from '../policy/job.ts';

const policyLimitBytes = 10 * 1024 * 1024;

const loadSummary: Readonly<Record<LoadMode, string>> = {
  append: 'Adds what the text has and the policy has not.',
  modify: 'Adds, changes, and deletes what the text names.',
  replace: 'Makes the policy what the text says; the rest is deleted.',
};

/** `POST`, `PATCH` and `PUT /policies/:account/policy/:id[?dryRun=true]`. */
export const policyRoutes: readonly Route[] = [
  policyRoute('POST', 'append', 'create'),
  policyRoute('PATCH', 'modify', 'update'),
  policyRoute('PUT', 'replace', 'update'),
];

function policyRoute(
  method: 'POST' | 'PATCH' | 'PUT',
  mode: LoadMode,
  privilege: LoadJob['privilege'],
): Route {
  return {
    method,
    url: '/policies/:account/:kind/*',
    effect: (request) => (isDryRun(request) ? 'read' : 'write'),
    bodyLimitBytes: policyLimitBytes,
    token: 'required',
    about: {
      summary: loadSummary[mode],
      group: 'Policies',
      path: '/policies/{account}/policy/{identifier}',
      query: { dryRun: { about: '`true`: only say what would change.' } },
      body: { about: 'The policy.', content: { 'application/x-yaml': anyText } },
      answers: {
        200: json('Of a dry run: what would change.', { type: 'object' }),
        201: json('Keys of new users and hosts, and the version of the policy.', { type: 'object' }),
        403: 'The caller sees the policy, but may not change it.',
        404: 'There is no such policy, or the caller must not know of it.',
        409: 'Another load is under way; Retry-After says when to try again.',
        413: 'The text is larger than 10 MiB, or takes more memory than a load may use.',
        422: 'The text is no policy, or refers to what does not exist.',
      },
    },
    checksCaller: true,
    handle: async ({ context, request, caller, address }) => {
      const { roleId, incarnation, issuedAt } = caller;
      return answerOf(
        await context.policies.run({
          kind: isDryRun(request) ? 'dry run' : 'load',
          policyId: idOfPath(request, (kind) => kind === 'policy'),
          caller: { roleId, incarnation, issuedAt },
          mode,
          privilege,
          text: bodyBytes(request),
          hostsNameApiKey: !context.settings.hostApiKeys,
          address,
          requestId: request.id,
          nowMs: context.wallClock(),
        }),
      );
    },
    // A load has written its records itself: one for each row, within the transaction of the load.
    audit: (call, failure) =>
      failure === null && !isDryRun(call.request) ? [] : [loadRecord(call, mode, failure)],
  };
}

/** As Conjur reads it: blanks and capitals do not matter. */
function isDryRun(request: CallerCall['request']): boolean {
  return queryText(request, 'dryRun')?.trim().toLowerCase() === 'true';
}

/** The body is a view of memory that came from the loader: nothing is copied. */
export function answerOf({ status, contentType, body }: JobAnswer): Answer {
  return {
    status,
    headers: { 'content-type': contentType },
    body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
  };
}

function loadRecord(call: CallerCall, mode: LoadMode, failure: unknown): AuditRecord {
  const user = call.caller.roleId;
  const id = fullId(pathPart(call.request, 'account'), 'policy', pathPart(call.request, '*'));
  const dryRun = isDryRun(call.request);
  const loads = mode === 'append' ? 'create' : 'update';
  return auditRecord(call, {
    msgid: 'policy',
    operation: dryRun ? 'validate' : loads,
    user,
    subject: { resource: id },
    policy: { id },
    failure,
    sentence: `${user} validated a policy for ${id}`,
    attempt: dryRun ? 'Failed to validate policy' : 'Failed to load policy',
    notice: true,
  });
}
