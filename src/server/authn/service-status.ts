import { authnRefusals } from '../../core/authn/refusals.ts';
import {
  isServiceEnabled,
  nameOfService,
  type Service,
  statusWebserviceOf,
} from '../../core/authn/service.ts';
import { readAccess } from '../../store/access.ts';
import { readService } from '../../store/authenticators.ts';
import { resourceExists } from '../../store/exists.ts';
import { jsonAnswer } from '../answers/answer.ts';
import type { CallerCall, Route } from '../http/route.ts';
import { anyText, json, objectOf } from '../http/route-about.ts';
import type { Authenticator } from './authenticator.ts';
import { StatusRefused } from '../answers/refusals.ts';
import { serviceOfPath } from './service-of-path.ts';
import { serviceRecord } from './service-record.ts';

const statusError = objectOf({ status: anyText, error: anyText });

/** `GET /:authenticator(/:service)/:account/status`: whether roles could authenticate by the service, as it is set up. */
export const statusRoutes: readonly Route[] = [
  '/:authenticator/:account',
  '/:authenticator/:service/:account',
].map((path) => ({
  method: 'GET' as const,
  url: `${path}/status`,
  token: 'required' as const,
  about: {
    summary: 'Whether an authenticator is set up well: its configuration, and where its keys come from.',
    group: 'Authenticators' as const,
    answers: {
      200: json('All is well.', objectOf({ status: anyText })),
      403: json('The caller has not `read` on the webservice `…/status`.', statusError),
      404: json('There is no such authenticator.', statusError),
      500: json('What is wrong with the authenticator.', statusError),
      501: json('The authenticator cannot be asked.', statusError),
    },
  },
  handle: async (call: CallerCall) => {
    const service = serviceOfPath(call.request);
    const authenticator = requireAuthenticator(call, service);
    await requireRead(call, service);
    await requireSound(call, service, authenticator);
    return jsonAnswer({ status: 'ok' });
  },
  audit: (call: CallerCall, failure: unknown) => [
    serviceRecord(call, 'validate-status', serviceOfPath(call.request), call.caller.roleId, failure),
  ],
}));

/** @throws StatusRefused */
function requireAuthenticator(call: CallerCall, service: Service): Authenticator {
  const authenticator = call.context.authenticators.get(service.type);
  if (authenticator !== undefined) return authenticator;
  throw new StatusRefused(
    service.type === 'authn' ? authnRefusals.noStatus('authn') : authnRefusals.notSupported(service.type),
  );
}

/** @throws StatusRefused */
async function requireRead(call: CallerCall, service: Service): Promise<void> {
  const { reads } = call.context.store;
  const statusId = statusWebserviceOf(service);
  if (!(await reads.run((sql) => resourceExists(sql, statusId)))) {
    throw new StatusRefused(authnRefusals.noWebservice(`${nameOfService(service)}/status`));
  }
  const access = await reads.run((sql) => readAccess(sql, call.caller.roleId, 'read', statusId));
  if (!access.allowed)
    throw new StatusRefused(authnRefusals.notPermitted(call.caller.login, 'read', statusId));
}

/** @throws StatusRefused */
async function requireSound(call: CallerCall, service: Service, authenticator: Authenticator): Promise<void> {
  const { store, settings } = call.context;
  const row = await readService(store, service, authenticator.variables);
  if (!row.exists) throw new StatusRefused(authnRefusals.noWebservice(nameOfService(service)));
  if (!isServiceEnabled(service, settings.authenticators, row.enabled)) {
    throw new StatusRefused(authnRefusals.notEnabled(nameOfService(service)));
  }
  const fault = await authenticator.faultOf({ ...service, values: row.values });
  if (fault !== null) throw new StatusRefused(fault);
}
