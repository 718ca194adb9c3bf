import type { FullId } from '../../../core/ids.ts';
import { issuerJson, issuersPolicy, removedIssuerText } from '../../../core/issuers/issuer.ts';
import { readIssuerUpdate } from '../../../core/issuers/issuer-input.ts';
import type { AuditRecord } from '../../../core/audit/audit-record.ts';
import { deleteVariables, issuerVariables, readIssuer, updateIssuer } from '../../../store/issuers.ts';
import { emptyAnswer, jsonAnswer } from '../../answers/answer.ts';
import { auditRecord } from '../../audit/record.ts';
import { bodyFields } from '../../http/body-fields.ts';
import { pathPart, queryText } from '../../http/parameters.ts';
import { anyNumber, anyText, fields, json, objectOf } from '../../http/route-about.ts';
import type { CallerCall, Route } from '../../http/route.ts';
import { writePoliciesAs } from '../../http/write-as.ts';
import { requireAccess } from '../require-access.ts';
import {
  asMissing,
  issuerAccount,
  issuerMissing,
  issuerOfPath,
  issuerRecord,
  issuerSchema,
  refuseIssuer,
  switchedOff,
} from './issuer-call.ts';
import { loadOwnPolicy } from './issuer-policy.ts';

const removalRecords = new WeakMap<CallerCall['request'], readonly AuditRecord[]>();

/** `PATCH /issuers/:account/:issuer`: other credentials, or a longer life of what it issues. */
export const updateIssuerRoute: Route = {
  method: 'PATCH',
  url: '/issuers/:account/:issuer',
  effect: 'write',
  token: 'required',
  about: {
    summary: 'Changes an issuer; the caller has `update` on the policy `conjur/issuers`.',
    group: 'Issuers',
    body: fields(
      'What changes; `max_ttl` may only grow.',
      objectOf(
        { max_ttl: anyNumber, data: objectOf({ access_key_id: anyText, secret_access_key: anyText }) },
        ['max_ttl', 'data'],
      ),
    ),
    answers: {
      200: json('The issuer as it is now.', issuerSchema),
      400: 'A field is too many, or wrong.',
      403: 'The caller sees the policy of issuers, but has not the privilege.',
      404: `There is no such issuer. ${switchedOff}`,
      422: 'The credentials are none of AWS.',
    },
  },
  checksCaller: true,
  handle: async (call) => {
    const account = issuerAccount(call);
    const id = issuerOfPath(call);
    const body = bodyFields(call.request);
    const { dataKey } = call.context.store;
    const issuer = await writePoliciesAs(call.context, call.caller, account, async (sql) => {
      await requireAccess(sql, call.caller.roleId, 'update', issuersPolicy(account));
      const before = await readIssuer(sql, dataKey, account, id);
      if (before === null) throw issuerMissing();
      const reading = readIssuerUpdate(body, before.maxTtl);
      if (!reading.ok) return refuseIssuer(reading);
      await updateIssuer(sql, dataKey, before, reading.value);
      return readIssuer(sql, dataKey, account, id);
    });
    if (issuer === null) throw issuerMissing();
    return jsonAnswer(issuerJson(issuer, issuer.accessKeyId));
  },
  audit: (call, failure) => [issuerRecord(call, 'update', issuerOfPath(call), failure)],
};

/** `DELETE /issuers/:account/:issuer[?keep_secrets=true]`: the issuer, its policy, and the variables it gives values to. */
export const deleteIssuerRoute: Route = {
  method: 'DELETE',
  url: '/issuers/:account/:issuer',
  effect: 'write',
  token: 'required',
  about: {
    summary: 'Deletes an issuer; the caller has `update` on the policy `conjur/issuers`.',
    group: 'Issuers',
    query: { keep_secrets: { about: '`true`: the variables whose values it gives stay.' } },
    answers: {
      204: 'Deleted.',
      403: 'The caller sees the policy of issuers, but has not the privilege.',
      404: `There is no such issuer, or the caller must not know of it. ${switchedOff}`,
      409: 'A policy load is under way; Retry-After says when to try again.',
    },
  },
  checksCaller: true,
  handle: async (call) => {
    const account = issuerAccount(call);
    const id = issuerOfPath(call);
    const { dataKey } = call.context.store;
    const keep = queryText(call.request, 'keep_secrets') === 'true';
    const policyId = issuersPolicy(account);
    const { records, variables } = await asMissing(
      writePoliciesAs(call.context, call.caller, account, async (sql) => {
        await requireAccess(sql, call.caller.roleId, 'update', policyId);
        if ((await readIssuer(sql, dataKey, account, id)) === null) throw issuerMissing();
        const own = await loadOwnPolicy(sql, call, { policyId, mode: 'modify', text: removedIssuerText(id) });
        const gone = keep ? [] : await issuerVariables(sql, account, id);
        await deleteVariables(sql, gone);
        return { records: own, variables: gone };
      }),
    );
    removalRecords.set(call.request, [
      ...records,
      ...variables.map((variable) => variableRecord(call, id, variable)),
    ]);
    return emptyAnswer(204);
  },
  audit: (call, failure) => [
    ...(removalRecords.get(call.request) ?? []),
    issuerRecord(call, 'remove', issuerOfPath(call), failure),
  ],
};

function variableRecord(call: CallerCall, issuer: string, variable: FullId): AuditRecord {
  const account = pathPart(call.request, 'account');
  return auditRecord(call, {
    msgid: 'variable',
    operation: 'remove',
    user: call.caller.roleId,
    subject: { account, issuer, resource_id: variable },
    failure: null,
    sentence: `${variable} removed as a result of the removal of ${account}:issuer:${issuer}`,
    attempt: '',
  });
}
