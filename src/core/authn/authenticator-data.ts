import { type AuthenticatorType, identityFields, variableOfField } from './authenticator-types.ts';
import { type Fields, isFields, type Reading, textFault, unexpected, wrong } from './field-rules.ts';
import { registeredClaims } from './jwt-settings.ts';

type Values = ReadonlyMap<string, string>;

/** The values of variables that the field `data` of a new service stands for, or what is wrong with it. */
export function readData(type: string, { short, fields }: AuthenticatorType, data: unknown): Reading<Values> {
  if (fields === null) {
    return data === undefined || data === null
      ? { ok: true, value: new Map() }
      : wrong(`The 'data' object cannot be specified for ${short} authenticators.`);
  }
  if (!isFields(data) || Object.keys(data).length === 0) {
    return wrong(
      `The 'data' object must be specified for ${short} authenticators and it must be a non-empty JSON object.`,
    );
  }
  const hasIdentity = type === 'authn-jwt';
  const stranger = unexpected(data, [...Object.keys(fields), ...(hasIdentity ? ['identity'] : [])]);
  if (stranger !== null) return wrong(stranger);
  const values = new Map<string, string>();
  for (const [name, rule] of Object.entries(fields)) {
    const value = name === 'public_keys' && isFields(data[name]) ? JSON.stringify(data[name]) : data[name];
    const bounds = rule.limit === undefined ? {} : { limit: rule.limit, pattern: /^[^<> ]*$/ };
    const fault = textFault(name, value, { required: rule.required === true, ...bounds });
    if (fault !== null) return wrong(fault);
    if (typeof value === 'string' && value !== '') values.set(variableOfField(name), value);
  }
  const rules = type === 'authn-oidc' ? oidcFault(data) : hasIdentity ? jwtFault(data) : null;
  if (rules !== null) return wrong(rules);
  const identity = hasIdentity ? readIdentity(data['identity']) : { ok: true as const, value: new Map() };
  return identity.ok ? { ok: true, value: new Map([...values, ...identity.value]) } : identity;
}

function jwtFault(data: Fields): string | null {
  const { jwks_uri: uri, public_keys: keys, issuer, identity } = data;
  const has = (value: unknown): boolean => value !== undefined && value !== null;
  if (!has(uri) && !has(keys)) {
    return "In the 'data' object, either a 'jwks_uri' or 'public_keys' field must be specified.";
  }
  if (has(uri) && has(keys))
    return "In the 'data' object, you cannot specify jwks_uri and public_keys fields.";
  if (has(keys) && !has(issuer)) {
    return "In the 'data' object, when the 'public_keys' field is specified, the 'issuer' field must also be specified.";
  }
  if (isFields(identity) && has(identity['identity_path']) && !has(identity['token_app_property'])) {
    return (
      "In the identity object, when the 'identity_path' field is specified, " +
      "the 'token_app_property' field must also be specified."
    );
  }
  return null;
}

/** Either for people who bring a token, or for people who log in by a browser; not both, and neither by halves. */
function oidcFault(data: Fields): string | null {
  const [standard, browser] = [
    ['id_token_user_property'],
    ['client_id', 'client_secret', 'redirect_uri', 'claim_mapping'],
  ] as const;
  const given = (names: readonly string[]): number =>
    names.filter((name) => Object.hasOwn(data, name)).length;
  const [first, second] = [given(standard), given(browser)];
  const sound = (first === standard.length && second === 0) || (first === 0 && second === browser.length);
  return sound
    ? null
    : `The data object must contain either ${JSON.stringify(standard)} or ${JSON.stringify(browser)} keys.`;
}

function readIdentity(identity: unknown): Reading<Values> {
  if (identity === undefined || identity === null) return { ok: true, value: new Map() };
  if (!isFields(identity)) return wrong('The identity parameter must be of type=object');
  const stranger = unexpected(identity, identityFields);
  if (stranger !== null) return wrong(stranger);
  const { token_app_property: property, identity_path: path } = identity;
  const fault =
    textFault('token_app_property', property, { limit: 1000, pattern: /^[^<> ]*$/ }) ??
    textFault('identity_path', path, {}) ??
    claimsFault(identity['enforced_claims']) ??
    aliasesFault(identity['claim_aliases']);
  if (fault !== null) return wrong(fault);
  const values = new Map<string, string>();
  if (typeof property === 'string') values.set('token-app-property', property);
  if (typeof path === 'string') values.set('identity-path', path);
  const { enforced_claims: claims, claim_aliases: aliases } = identity;
  if (Array.isArray(claims) && claims.length > 0) values.set('enforced-claims', claims.join(','));
  if (isFields(aliases) && Object.keys(aliases).length > 0) {
    const pairs = Object.entries(aliases).map(([alias, claim]) => `${alias}:${String(claim)}`);
    values.set('claim-aliases', pairs.join(','));
  }
  return { ok: true, value: values };
}

function claimsFault(claims: unknown): string | null {
  if (claims === undefined || claims === null) return null;
  if (!Array.isArray(claims)) return 'The enforced_claims parameter must be of type=array';
  return claims.every((claim) => typeof claim === 'string')
    ? null
    : "Invalid 'enforced_claims' parameter. Must be an array of strings.";
}

function aliasesFault(aliases: unknown): string | null {
  if (aliases === undefined || aliases === null) return null;
  if (!isFields(aliases)) return 'The claim_aliases parameter must be of type=object';
  for (const [alias, claim] of Object.entries(aliases)) {
    if (!/^[A-Za-z0-9_-]+$/.test(alias)) {
      return `Invalid target alias '${alias}' in 'claim_aliases'. Must be an alphanumeric string with underscores or dashes.`;
    }
    if (registeredClaims.includes(alias)) {
      return `Invalid target alias '${alias}' in 'claim_aliases'. Cannot use reserved claims: ${registeredClaims.join(', ')}.`;
    }
    if (typeof claim !== 'string' || !/^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/.test(claim)) {
      return `Invalid source claim '${String(claim)}' in 'claim_aliases'. Must be a valid claim name or a nested path.`;
    }
  }
  return null;
}
