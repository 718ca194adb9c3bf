import type { IssuerRefusal } from '../../../core/issuers/issuer-input.ts';
import { Problem } from '../../../core/problem.ts';
import type { AuditRecord } from '../../../core/audit/audit-record.ts';
import { forbidden } from '../../answers/refusals.ts';
import { auditRecord } from '../../audit/record.ts';
import { accountOfPath, noRoute, pathPart } from '../../http/parameters.ts';
import { anyNumber, anyText, type JsonSchema, objectOf } from '../../http/route-about.ts';
import type { CallerCall } from '../../http/route.ts';
import { storableText } from '../../http/version-2.ts';

/** An issuer as the wire shows it. */
export const issuerSchema: JsonSchema = objectOf({
  id: anyText,
  account: anyText,
  max_ttl: anyNumber,
  type: anyText,
  data: objectOf({ access_key_id: anyText, secret_access_key: anyText }),
  created_at: anyText,
  modified_at: anyText,
});

export const switchedOff = 'Or dynamic secrets are switched off (`CONJUR_FEATURE_DYNAMIC_SECRETS_ENABLED`).';

/** The account of a request about issuers. @throws Problem `route_not_found` while they are switched off */
export function issuerAccount(call: CallerCall): string {
  if (!call.context.settings.dynamicSecrets) throw noRoute();
  return accountOfPath(call.request);
}

/** The issuer that the path names. */
export function issuerOfPath(call: CallerCall): string {
  return pathPart(call.request, 'issuer');
}

/** The issuer is not there, or the caller must not know of it. */
export function issuerMissing(): Problem {
  return new Problem('record_not_found', 'Issuer not found');
}

/** @throws Problem `request_malformed`, `content_unprocessable` */
export function refuseIssuer({ status, message }: IssuerRefusal): never {
  throw new Problem(status === 400 ? 'request_malformed' : 'content_unprocessable', message);
}

/** Whoever does not see the policy of all issuers may neither list nor create them. */
export async function asForbidden<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Problem && error.code === 'record_not_found') throw forbidden();
    throw error;
  }
}

/** As the error of an issuer, whatever was not found. */
export async function asMissing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Problem && error.code === 'record_not_found') throw issuerMissing();
    throw error;
  }
}

const deeds = {
  add: 'added',
  update: 'updated',
  remove: 'removed',
  fetch: 'fetched',
  list: 'listed issuers',
} as const;

/** The record of one call about issuers. @param id `*` for all of them */
export function issuerRecord(
  call: CallerCall,
  operation: keyof typeof deeds,
  id: string,
  failure: unknown,
): AuditRecord {
  const user = call.caller.roleId;
  const account = pathPart(call.request, 'account');
  const issuer = storableText(id).slice(0, 1000);
  const named = `${account}:issuer:${issuer}`;
  return auditRecord(call, {
    msgid: 'issuer',
    operation,
    user,
    subject: { account, issuer },
    failure,
    sentence: `${user} ${deeds[operation]} ${named}`,
    attempt: `${user} tried to ${operation === 'list' ? 'list issuers' : operation} ${named}`,
  });
}
