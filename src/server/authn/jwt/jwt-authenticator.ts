import { checkRegisteredClaims, identityOf } from '../../../core/authn/jwt-claims.ts';
import { jwtRefusals } from '../../../core/authn/jwt-refusals.ts';
import { checkEnforcedClaims, checkRestrictions } from '../../../core/authn/jwt-restrictions.ts';
import { jwtVariables, readJwtSettings } from '../../../core/authn/jwt-settings.ts';
import { type AuthnRefusal, authnRefusals } from '../../../core/authn/refusals.ts';
import { bodyFields } from '../../http/body-fields.ts';
import type { Attempt, Authenticator, ConfiguredService, Proof } from '../authenticator.ts';
import { KeySets } from './key-sets.ts';
import { verifyToken } from './verify-token.ts';

/**
 * `authn-jwt`: a token that a provider has signed proves the host that a claim of it names, or the role in the URL.
 *
 * @param now a steady clock, milliseconds: for the age of sets of keys
 */
export function jwtAuthenticator(now: () => number): Authenticator {
  const keySets = new KeySets(now);
  return {
    type: 'authn-jwt',
    variables: jwtVariables,
    prove: (attempt) => prove(keySets, attempt),
    faultOf: (service) => faultOf(keySets, service),
  };
}

async function prove(keySets: KeySets, attempt: Attempt): Promise<Proof | AuthnRefusal> {
  const { service, login, nowSeconds } = attempt;
  if (service.service === null) return jwtRefusals.noServiceId();
  const reading = readJwtSettings(service, service.values);
  if (!reading.ok) return reading;
  const settings = reading.value;
  if ((settings.tokenAppProperty === null) === (login === null)) return jwtRefusals.identityMisconfigured();
  const { jwt } = bodyFields(attempt.request);
  if (typeof jwt !== 'string' || jwt.trim() === '') return authnRefusals.noField('jwt');
  const token = await verifyToken(keySets, service, settings.source, jwt.trim());
  if (!token.ok) return token;
  const { claims } = token;
  const expected = { issuer: settings.issuer ?? token.issuer, audience: settings.audience };
  const fault = checkRegisteredClaims(claims, expected, nowSeconds) ?? checkEnforcedClaims(claims, settings);
  if (fault !== null) return fault;
  const identity = identityOf(service.account, claims, settings, login);
  if (!identity.ok) return identity;
  const name = service.service;
  return {
    ok: true,
    roleId: identity.roleId,
    agreesWith: (annotations) => checkRestrictions(name, claims, settings, annotations),
  };
}

/** The settings can be read, and there are keys. */
async function faultOf(keySets: KeySets, service: ConfiguredService): Promise<AuthnRefusal | null> {
  if (service.service === null) return jwtRefusals.noServiceId();
  const reading = readJwtSettings(service, service.values);
  return reading.ok ? keySets.faultOf(service, reading.value.source) : reading;
}
