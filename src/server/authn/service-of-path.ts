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
  // The Python package quotes the two as one part: `authn-jwt%2Fci`.
  const [type = '', ...quoted] = pathPart(request, 'authenticator').split('/');
  const service = [...quoted, ...[pathPart(request, 'service')].filter(Boolean)].join('/');
  if (!/^authn(-.*)?$/.test(type)) throw noRoute();
  return { account: accountOfPath(request), type, service: service || null };
}
