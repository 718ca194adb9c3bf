import { authnRefusals } from '../../core/authn/refusals.ts';
import { isAuthenticatorType, nameOfService, type Service, webserviceOf } from '../../core/authn/service.ts';
import { Problem } from '../../core/problem.ts';
import { readAccess } from '../../store/access.ts';
import { switchService } from '../../store/authenticators.ts';
import type { TransactionSql } from '../../store/connection.ts';
import { resourceExists } from '../../store/exists.ts';
import { emptyAnswer } from '../answers/answer.ts';
import { bodyFields } from '../http/body-fields.ts';
import type { CallerCall, Route } from '../http/route.ts';
import { anyFlag, fields, objectOf } from '../http/route-about.ts';
import { writeAs } from '../http/write-as.ts';
import type { Caller } from '../token/verifier.ts';
import { authnRefused } from '../answers/refusals.ts';
import { serviceOfPath } from './service-of-path.ts';
import { serviceRecord } from './service-record.ts';

/** `PATCH /:authenticator(/:service)/:account`: switches a service on or off (`enabled=true`). */
export const switchRoutes: readonly Route[] = [
  '/:authenticator/:account',
  '/:authenticator/:service/:account',
].map((url) => ({
  method: 'PATCH' as const,
  url,
  effect: 'write' as const,
  token: 'required' as const,
  checksCaller: true as const,
  about: {
    summary:
      'Switches an authenticator on or off. Where CONJUR_AUTHENTICATORS lists some, that list alone counts.',
    group: 'Authenticators' as const,
    body: fields(
      'Whether it is on; it is off when nothing is said.',
      objectOf({ enabled: anyFlag }, ['enabled']),
    ),
    answers: {
      204: 'Done.',
      401: 'There is no such authenticator or webservice.',
      403: 'The caller has not `update` on the webservice.',
      422: '`enabled` is neither true nor false.',
    },
  },
  handle: async (call: CallerCall) => {
    const service = serviceOfPath(call.request);
    const enabled = enabledField(call);
    if (!isAuthenticatorType(service.type)) throw authnRefused(authnRefusals.notSupported(service.type));
    await writeAs(call.context, call.caller, (sql) => switchAs(sql, call.caller, service, enabled));
    return emptyAnswer(204);
  },
  audit: (call: CallerCall, failure: unknown) => [
    serviceRecord(
      call,
      'update-authenticator-configuration',
      serviceOfPath(call.request),
      call.caller.roleId,
      failure,
    ),
  ],
}));

/**
 * Switches a service on or off on behalf of a caller.
 *
 * @throws Problem when there is no such webservice, or the caller has not `update` on it
 */
export async function switchAs(
  sql: TransactionSql,
  caller: Caller,
  service: Service,
  enabled: boolean,
): Promise<void> {
  const webserviceId = webserviceOf(service);
  if (!(await resourceExists(sql, webserviceId))) {
    throw authnRefused(authnRefusals.noWebservice(nameOfService(service)));
  }
  const access = await readAccess(sql, caller.roleId, 'update', webserviceId);
  if (!access.allowed) throw authnRefused(authnRefusals.notPermitted(caller.login, 'update', webserviceId));
  await switchService(sql, webserviceId, enabled);
}

function enabledField(call: CallerCall): boolean {
  const { enabled } = bodyFields(call.request);
  if (enabled === true || enabled === 'true') return true;
  if (enabled === undefined || enabled === '' || enabled === false || enabled === 'false') return false;
  throw new Problem('argument_invalid', 'enabled: it is neither true nor false');
}
