import type { FullId } from '../../../core/ids.ts';
import { fullId } from '../../../core/ids.ts';
import {
  issuerJson,
  issuerPolicy,
  issuersPolicy,
  issuersPolicyText,
  newIssuerText,
} from '../../../core/issuers/issuer.ts';
import { type NewIssuer, readNewIssuer } from '../../../core/issuers/issuer-input.ts';
import { Problem } from '../../../core/problem.ts';
import type { AuditRecord } from '../../../core/audit/audit-record.ts';
import { resourceExists } from '../../../store/exists.ts';
import type { TransactionSql } from '../../../store/connection.ts';
import { insertIssuer, issuerVariables, readIssuer } from '../../../store/issuers.ts';
import { jsonAnswer } from '../../answers/answer.ts';
import { RecordExists } from '../../answers/refusals.ts';
import { bodyFields } from '../../http/body-fields.ts';
import { anyNumber, anyText, fields, json, objectOf } from '../../http/route-about.ts';
import type { CallerCall, Route } from '../../http/route.ts';
import { writePoliciesAs } from '../../http/write-as.ts';
import { requireAccess } from '../require-access.ts';
import {
  asForbidden,
  issuerAccount,
  issuerMissing,
  issuerRecord,
  issuerSchema,
  refuseIssuer,
  switchedOff,
} from './issuer-call.ts';
import { loadOwnPolicy } from './issuer-policy.ts';

const policyRecords = new WeakMap<CallerCall['request'], readonly AuditRecord[]>();

/**
 * `POST /issuers/:account`: an issuer with its policy, `conjur/issuers/<id>`. The policy of all issuers is made on the way
 * where it is missing and the caller may add to the root.
 */
export const createIssuerRoute: Route = {
  method: 'POST',
  url: '/issuers/:account',
  effect: 'write',
  token: 'required',
  about: {
    summary: 'A new issuer; the caller has `create` on the policy `conjur/issuers`.',
    group: 'Issuers',
    body: fields(
      'The issuer; its type is `aws`.',
      objectOf({
        id: anyText,
        type: anyText,
        max_ttl: anyNumber,
        data: objectOf({ access_key_id: anyText, secret_access_key: anyText }),
      }),
    ),
    answers: {
      201: json('The issuer, without the secret part of its credentials.', issuerSchema),
      400: 'A field is missing, too many, or wrong.',
      403: 'The caller has not the privilege.',
      404: switchedOff,
      409: 'There is such an issuer, or a variable of that issuer; or a policy load is under way (then with Retry-After).',
      422: 'The credentials are none of AWS.',
    },
  },
  checksCaller: true,
  handle: async (call) => {
    const account = issuerAccount(call);
    const body = bodyFields(call.request);
    const { store } = call.context;
    const { issuer, records } = await asForbidden(
      writePoliciesAs(call.context, call.caller, account, async (sql) => {
        const base = await requireIssuersPolicy(sql, call, account);
        const reading = readNewIssuer(body);
        if (!reading.ok) return refuseIssuer(reading);
        await requireFree(sql, call, account, reading.value);
        const { id } = reading.value;
        const own = await loadOwnPolicy(sql, call, {
          policyId: issuersPolicy(account),
          mode: 'append',
          text: newIssuerText(id),
        });
        await insertIssuer(sql, store.dataKey, account, reading.value);
        return { issuer: await readIssuer(sql, store.dataKey, account, id), records: [...base, ...own] };
      }),
    );
    if (issuer === null) throw issuerMissing();
    policyRecords.set(call.request, records);
    return jsonAnswer(issuerJson(issuer, issuer.accessKeyId), 201);
  },
  audit: (call, failure) => [
    ...(policyRecords.get(call.request) ?? []),
    issuerRecord(call, 'add', idAskedFor(call), failure),
  ],
};

/** The caller may add issuers. Where their policy is missing it is made first, which takes `create` on the root. */
async function requireIssuersPolicy(
  sql: TransactionSql,
  call: CallerCall,
  account: string,
): Promise<readonly AuditRecord[]> {
  const policyId = issuersPolicy(account);
  const root: FullId = fullId(account, 'policy', 'root');
  let records: readonly AuditRecord[] = [];
  if (!(await resourceExists(sql, policyId))) {
    await requireAccess(sql, call.caller.roleId, 'create', root);
    records = await loadOwnPolicy(sql, call, { policyId: root, mode: 'append', text: issuersPolicyText });
  }
  await requireAccess(sql, call.caller.roleId, 'create', policyId);
  return records;
}

/** Neither the issuer, its policy, nor a variable that would suddenly be its own may be there. */
async function requireFree(
  sql: TransactionSql,
  call: CallerCall,
  account: string,
  { id }: NewIssuer,
): Promise<void> {
  const { dataKey } = call.context.store;
  const taken =
    (await readIssuer(sql, dataKey, account, id)) !== null ||
    (await resourceExists(sql, issuerPolicy(account, id)));
  if (taken) throw new RecordExists('issuer', id);
  const [variable] = await issuerVariables(sql, account, id);
  if (variable !== undefined) {
    throw new Problem('record_exists', 'Found variables associated with the issuer id');
  }
}

function idAskedFor({ request }: CallerCall): string {
  try {
    const { id } = bodyFields(request);
    return typeof id === 'string' ? id : '';
  } catch {
    return '';
  }
}
