import { type Claims, claimAt } from './jwt-claims.ts';
import { jwtRefusals } from './jwt-refusals.ts';
import { type JwtSettings, registeredClaims } from './jwt-settings.ts';
import { type AuthnRefusal, authnRefusals } from './refusals.ts';

/** The claims that must be in every token of a service are there, or which one is not. */
export function checkEnforcedClaims(claims: Claims, settings: JwtSettings): AuthnRefusal | null {
  const missing = settings.enforcedClaims.find((claim) => claimAt(claims, claim) === undefined);
  return missing === undefined ? null : jwtRefusals.noClaim(missing);
}

/**
 * Holds a token against the annotations of the role that it names: each `authn-jwt/<service>/<claim>` must equal the
 * claim, and each `authn-jwt/<claim>` (which holds for all services) where the service says nothing of it. A role without
 * one for the service accepts no token; one for every enforced claim is needed.
 */
export function checkRestrictions(
  service: string,
  claims: Claims,
  settings: JwtSettings,
  annotations: ReadonlyMap<string, string>,
): AuthnRefusal | null {
  const restrictions = restrictionsOf(service, annotations);
  if (restrictions === null) return authnRefusals.noRestrictions();
  const named = new Set([...restrictions.keys()].map((name) => settings.aliases.get(name) ?? name));
  const missing = settings.enforcedClaims.filter((claim) => !named.has(claim));
  if (missing.length > 0) return authnRefusals.missingRestrictions(missing);
  for (const [name, value] of restrictions) {
    const refusal = checkRestriction(name, value, claims, settings);
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Values by claim; null: the role has none for this very service. */
function restrictionsOf(
  service: string,
  annotations: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> | null {
  const common = new Map<string, string>();
  const own = new Map<string, string>();
  for (const [annotation, value] of annotations) {
    const name = annotation.slice('authn-jwt/'.length);
    if (!annotation.startsWith('authn-jwt/') || name === '' || name === service) continue;
    if (name.startsWith(`${service}/`)) own.set(name.slice(service.length + 1), value);
    else if (!name.includes('/')) common.set(name, value);
  }
  return own.size === 0 ? null : new Map([...common, ...own]);
}

function checkRestriction(
  name: string,
  value: string,
  claims: Claims,
  settings: JwtSettings,
): AuthnRefusal | null {
  if (value.trim() === '') return authnRefusals.emptyAnnotation(name);
  if (registeredClaims.includes(name)) return jwtRefusals.registeredAnnotation(name);
  if (!/^[a-zA-Z0-9/\-_.]+$/.test(name)) return jwtRefusals.invalidAnnotation(name);
  if ([...settings.aliases.values()].includes(name)) {
    return jwtRefusals.registeredAnnotation(`Annotation Claim '${name}' cannot also be aliased`);
  }
  const claim = settings.aliases.get(name) ?? name;
  const given = claimAt(claims, claim);
  if (given === undefined || given === null || given === '') {
    return jwtRefusals.noClaim(claim === name ? name : `${claim} (annotation: ${name})`);
  }
  return given === value ? null : authnRefusals.restrictionNotMet(name);
}
