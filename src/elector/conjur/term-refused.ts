import { places } from '../../core/election/conjur/places.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import type { WriterOffice } from './session.ts';

/**
 * The lead was won, nobody has taken it over, and the first write of its lease is refused. So would be that of each further term: a right
 * is missing.
 *
 * @param refusal of that write, or of the logon for it
 * @param writers the group whose members write the lease
 */
export function termRefused(refusal: Problem, { login }: WriterOffice, writers: string): Problem {
  const why = isProblem(refusal, 'api_unauthenticated')
    ? `the server does not accept the login ${login} with the API key that it gave out. See that hosts may authenticate by API key there.`
    : `${login} needs update on variable:${places.expiration}, and the group ${writers} is what gives it. Run "holdfast sync init" with the protocol of this election, and see that no other policy takes that away.`;
  const detail = `${refusal.detail} The lead was won, and nobody else took it, but it cannot be kept: ${why}`;
  return new Problem('term_refused', detail, { cause: refusal });
}
