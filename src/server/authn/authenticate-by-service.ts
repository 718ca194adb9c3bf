import { authnRefusals } from '../../core/authn/refusals.ts';
import {
  isAuthenticatorType,
  isServiceEnabled,
  nameOfService,
  type Service,
  webserviceOf,
} from '../../core/authn/service.ts';
import { loginOf } from '../../core/ids.ts';
import { readClaimant, readService } from '../../store/authenticators.ts';
import type { Answer } from '../answers/answer.ts';
import type { ServerContext } from '../context.ts';
import type { Call } from '../http/route.ts';
import type { Authenticator, ConfiguredService } from './authenticator.ts';
import { authnRefused } from '../answers/refusals.ts';
import { nameRole } from './service-record.ts';
import { tokenAnswer } from './token-answer.ts';

/**
 * What is common to all authenticators with services: a token for the role that proves itself, when the service is
 * switched on and exists, and the role exists, has `authenticate` on it, and comes from where it may come from. Two
 * statements: one for the service, one for the role.
 *
 * @param login the role that the URL names; null: none
 * @throws Problem
 */
export async function authenticateByService(
  call: Call,
  service: Service,
  login: string | null,
): Promise<Answer> {
  const { context, request, address } = call;
  const authenticator = requireAuthenticator(context, service);
  const configured = await requireService(context, service, authenticator);
  const nowSeconds = context.wallClock() / 1000;
  const proof = await authenticator.prove({ service: configured, request, login, nowSeconds });
  if (!proof.ok) throw authnRefused(proof);
  const { roleId } = proof;
  const role = await readClaimant(context.store, service, roleId, address);
  if (role === null) throw authnRefused(authnRefusals.noRole(loginOf(roleId)));
  nameRole(request, roleId);
  const disagreement = proof.agreesWith(role.annotations);
  if (disagreement !== null) throw authnRefused(disagreement);
  if (!role.mayAuthenticate) {
    throw authnRefused(authnRefusals.notPermitted(loginOf(roleId), 'authenticate', webserviceOf(service)));
  }
  if (!role.originAllowed) throw authnRefused(authnRefusals.wrongOrigin());
  return tokenAnswer(call, { roleId, ...role });
}

/**
 * The authenticator of a service.
 *
 * @throws Problem for a type that Conjur does not know; one that is not implemented here is not switched on
 */
function requireAuthenticator(context: ServerContext, service: Service): Authenticator {
  const authenticator = context.authenticators.get(service.type);
  if (authenticator !== undefined) return authenticator;
  throw authnRefused(
    isAuthenticatorType(service.type)
      ? authnRefusals.notEnabled(nameOfService(service))
      : authnRefusals.notSupported(service.type),
  );
}

/** The service with its configuration. @throws Problem when it is not switched on or does not exist */
async function requireService(
  context: ServerContext,
  service: Service,
  authenticator: Authenticator,
): Promise<ConfiguredService> {
  const row = await readService(context.store, service, authenticator.variables);
  if (!isServiceEnabled(service, context.settings.authenticators, row.enabled)) {
    throw authnRefused(authnRefusals.notEnabled(nameOfService(service)));
  }
  if (!row.exists) throw authnRefused(authnRefusals.noWebservice(nameOfService(service)));
  return { ...service, values: row.values };
}
