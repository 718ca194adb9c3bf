import type { Authenticators } from './authenticator.ts';
import { jwtAuthenticator } from './jwt/jwt-authenticator.ts';

/**
 * The authenticators that this server has beside plain `authn`. A further one is a further line.
 *
 * @param now a steady clock, milliseconds
 */
export function installedAuthenticators(now: () => number): Authenticators {
  return new Map([jwtAuthenticator(now)].map((authenticator) => [authenticator.type, authenticator]));
}
