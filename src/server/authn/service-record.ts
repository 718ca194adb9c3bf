import type { FastifyRequest } from 'fastify';
import { type Service, webserviceOf } from '../../core/authn/service.ts';
import type { FullId } from '../../core/ids.ts';
import type { AuditRecord } from '../../core/audit/audit-record.ts';
import { auditRecord } from '../audit/record.ts';
import type { Call } from '../http/route.ts';

/** Whom requests under way have turned out to come from. */
const named = new WeakMap<FastifyRequest, FullId>();

/** Keeps the role that a request names, for its record: only the authenticator can tell. */
export function nameRole(request: FastifyRequest, roleId: FullId): void {
  named.set(request, roleId);
}

const words = {
  authenticate: [
    'successfully authenticated with authenticator',
    'failed to authenticate with authenticator',
  ],
  'validate-status': [
    'successfully validated status for authenticator',
    'failed to validate status for authenticator',
  ],
  'update-authenticator-configuration': [
    'successfully updated authenticator configuration',
    'failed to update authenticator configuration',
  ],
} as const;

/**
 * The audit record of what a request wanted of a service.
 *
 * @param roleId who wanted it; null: whom the request turned out to name, `not-found` when it named nobody
 */
export function serviceRecord(
  call: Call,
  operation: keyof typeof words,
  service: Service,
  roleId: FullId | null,
  failure: unknown,
): AuditRecord {
  const user = roleId ?? named.get(call.request) ?? 'not-found';
  const webservice = service.service === null ? null : webserviceOf(service);
  const what = `${service.type}${webservice === null ? '' : ` service ${webservice}`}`;
  return auditRecord(call, {
    msgid: 'authn',
    operation,
    user,
    auth: { authenticator: service.type, ...(webservice === null ? {} : { service: webservice }) },
    subject: { role: user },
    failure,
    sentence: `${user} ${words[operation][0]} ${what}`,
    attempt: `${user} ${words[operation][1]} ${what}`,
  });
}
