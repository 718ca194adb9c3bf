import { isUtf8 } from 'node:buffer';
import { longType, namedService } from '../../../core/authn/authenticator-types.ts';
import { type Service, webserviceOf } from '../../../core/authn/service.ts';
import { Problem } from '../../../core/problem.ts';
import type { AuditRecord } from '../../../core/audit/audit-record.ts';
import { v2Record } from '../../audit/v2-record.ts';
import { type BodyFields, isStorable, jsonFields } from '../../http/body-fields.ts';
import { accountOfPath, bodyBytes, pathPart } from '../../http/parameters.ts';
import type { CallerCall } from '../../http/route.ts';

/** Letters of a body that the audit trail shows at most. */
const shownLetters = 1000;

/** The service that `/authenticators/:account/:type/:service` names; null: there can be none. */
export function serviceNamed(call: CallerCall): Service | null {
  const type = longType(pathPart(call.request, 'type'));
  return namedService(accountOfPath(call.request), type, pathPart(call.request, 'service'));
}

/** @throws Problem `request_malformed` when the body is no JSON object that can be stored */
export function objectBody(call: CallerCall): BodyFields {
  const bytes = bodyBytes(call.request);
  if (bytes.length === 0) throw new Problem('request_malformed', 'Request body is empty');
  const malformed = new Problem('request_malformed', 'Request JSON is malformed');
  if (!isUtf8(bytes)) throw malformed;
  let fields: BodyFields;
  try {
    fields = jsonFields(bytes.toString());
  } catch {
    throw malformed;
  }
  if (!isStorable(fields)) throw malformed;
  return fields;
}

/**
 * The audit record of a request of version 2.
 *
 * @param what `authn-jwt ci`, or `authenticators`
 */
export function authenticatorRecord(
  call: CallerCall,
  operation: 'list' | 'get' | 'create' | 'enable' | 'delete',
  what: string,
  failure: unknown,
): AuditRecord {
  const service = operation === 'list' || operation === 'create' ? null : serviceNamed(call);
  const subject = service === null ? {} : { resource: webserviceOf(service) };
  const body = operation === 'enable' ? shownBody(call) : null;
  return v2Record(call, { msgid: 'authenticators', operation, subject, what, body, failure });
}

/** The body of a switch, which holds nothing secret when it is right; whatever else is no text of ours to repeat. */
function shownBody(call: CallerCall): string | null {
  const text = bodyBytes(call.request).toString().slice(0, shownLetters);
  return /^\{\s*"enabled"\s*:\s*(true|false)\s*\}\s*$/.test(text) ? text : null;
}
