import { jwtRefusals } from './jwt-refusals.ts';
import { type AuthnRefusal, authnRefusals } from './refusals.ts';
import { type Service, variableOf } from './service.ts';

/** The variables below the webservice that configure `authn-jwt`. */
export const jwtVariables = [
  'audience',
  'ca-cert',
  'claim-aliases',
  'enforced-claims',
  'identity-path',
  'issuer',
  'jwks-uri',
  'provider-uri',
  'public-keys',
  'token-app-property',
] as const;

/** Where the keys come from that may sign tokens. */
export type KeySource =
  | { readonly kind: 'jwks-uri' | 'provider-uri'; readonly uri: string; readonly caCert: string | null }
  | { readonly kind: 'public-keys'; readonly text: string };

/** A service of `authn-jwt` as its variables configure it. */
export interface JwtSettings {
  readonly source: KeySource;
  /** The claim (or path to it) that names the host; null: the URL names the role. */
  readonly tokenAppProperty: string | null;
  /** The policy that the hosts named by tokens stand in; '' for the root. */
  readonly identityPath: string;
  readonly issuer: string | null;
  readonly audience: string | null;
  readonly enforcedClaims: readonly string[];
  /** Claims by the names that annotations have for them. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** Claims that every token may have, and that no annotation, alias or list of enforced claims may name. */
export const registeredClaims: readonly string[] = ['iss', 'exp', 'nbf', 'iat', 'jti', 'aud'];

const sources = ['jwks-uri', 'provider-uri', 'public-keys'] as const;
const claimPath = /^[a-zA-Z0-9/\-_.]+$/;
const claimPathInWords = '[a-zA-Z0-9/-_.]+';
const aliasName = /^[a-zA-Z0-9\-_.]+$/;

type Values = ReadonlyMap<string, string | null>;
type Reading<T> = { readonly ok: true; readonly value: T } | AuthnRefusal;

/**
 * The settings that variables stand for, or the first thing that is wrong with them, in Conjur's words.
 *
 * @param values by the variable's name; null: the variable exists, but has no value
 */
export function readJwtSettings(service: Service, values: Values): Reading<JwtSettings> {
  const source = readSource(service, values);
  if (!source.ok) return source;
  const empty = jwtVariables.find((name) => values.has(name) && textOf(values, name) === null);
  if (empty !== undefined) return authnRefusals.noValue(variableOf(service, empty));
  if (source.value.kind === 'public-keys' && textOf(values, 'issuer') === null) {
    return authnRefusals.noValue(variableOf(service, 'issuer'));
  }
  const property = textOf(values, 'token-app-property');
  const wrong = property === null ? null : faultOfProperty(property);
  if (wrong !== null) return jwtRefusals.invalidTokenAppProperty(wrong);
  const enforced = readEnforcedClaims(textOf(values, 'enforced-claims'));
  if (!enforced.ok) return enforced;
  const aliases = readAliases(textOf(values, 'claim-aliases'));
  if (!aliases.ok) return aliases;
  return {
    ok: true,
    value: {
      source: source.value,
      tokenAppProperty: property,
      identityPath: (textOf(values, 'identity-path') ?? '').replace(/\/+$/, ''),
      issuer: textOf(values, 'issuer'),
      audience: textOf(values, 'audience'),
      enforcedClaims: enforced.value,
      aliases: aliases.value,
    },
  };
}

function readSource(service: Service, values: Values): Reading<KeySource> {
  const defined = sources.filter((name) => values.has(name));
  const filled = defined.filter((name) => textOf(values, name) !== null);
  if (filled.length > 1) {
    return jwtRefusals.invalidKeySettings(`${filled.join(' and ')} cannot be defined simultaneously`);
  }
  const empty = defined.find((name) => textOf(values, name) === null);
  if (empty !== undefined) return authnRefusals.noValue(variableOf(service, empty));
  const [kind] = filled;
  if (kind === undefined) {
    return jwtRefusals.invalidKeySettings(
      'One of the following must be defined: jwks-uri, public-keys, or provider-uri',
    );
  }
  const text = textOf(values, kind) ?? '';
  if (kind === 'public-keys') return { ok: true, value: { kind, text } };
  return { ok: true, value: { kind, uri: text.trim(), caCert: textOf(values, 'ca-cert') } };
}

function faultOfProperty(property: string): string | null {
  if (!claimPath.test(property)) {
    return "token-app-property can only contain alpha-numeric characters, '-', '_', '/', and '.'";
  }
  return property.includes('//') ? 'token-app-property includes `//`' : null;
}

function readEnforcedClaims(text: string | null): Reading<readonly string[]> {
  const claims = text === null ? [] : [...new Set(listOf(text))];
  for (const claim of claims) {
    if (!claimPath.test(claim)) return jwtRefusals.forbiddenClaimName(claim, claimPathInWords);
    if (registeredClaims.includes(claim)) return jwtRefusals.registeredClaimName(claim, registeredClaims);
  }
  return { ok: true, value: claims };
}

function readAliases(text: string | null): Reading<ReadonlyMap<string, string>> {
  const aliases = new Map<string, string>();
  const claims = new Set<string>();
  for (const entry of text === null ? [] : listOf(text)) {
    const [name = '', claim = '', ...more] = entry.split(':').map((part) => part.trim());
    if (name === '' || claim === '' || more.length > 0) return jwtRefusals.invalidAlias(entry);
    if (name.includes('/')) return jwtRefusals.aliasWithSlash(name);
    if (!aliasName.test(name)) return jwtRefusals.forbiddenClaimName(name, '[a-zA-Z0-9-_.]+');
    if (!claimPath.test(claim)) return jwtRefusals.forbiddenClaimName(claim, claimPathInWords);
    const registered = [name, claim].find((one) => registeredClaims.includes(one));
    if (registered !== undefined) return jwtRefusals.registeredClaimName(registered, registeredClaims);
    if (aliases.has(name)) return jwtRefusals.duplicateAlias('annotation name', name);
    if (claims.has(claim)) return jwtRefusals.duplicateAlias('claim name', claim);
    aliases.set(name, claim);
    claims.add(claim);
  }
  return { ok: true, value: aliases };
}

/** The parts between commas; an empty part stays, so that it is refused. */
function listOf(text: string): readonly string[] {
  return text.split(',').map((item) => item.trim());
}

/** A value; null where there is none, or only blanks. */
function textOf(values: Values, name: string): string | null {
  const value = values.get(name) ?? '';
  return value.trim() === '' ? null : value;
}
