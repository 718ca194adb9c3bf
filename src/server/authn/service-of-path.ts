import type { FastifyRequest } from 'fastify';
import type { Service } from '../../core/authn/service.ts';
import { accountOfPath, noRoute, pathPart } from '../http/parameters.ts';

/**
 * The service that `/:authenticator(/:service)/:account` names. The first part is a parameter, as in Conjur: whatever
 * begins like an authenticator is asked about, known or not.
 *
 * @throws Problem `route_not_found`
 */
export function serviceOfPath(request: FastifyRequest): Service {
  const type = pathPart(request, 'authenticator');
  if (!/^authn(-[^/]*)?$/.test(type)) throw noRoute();
  return { account: accountOfPath(request), type, service: pathPart(request, 'service') || null };
}
