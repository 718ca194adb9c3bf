import { type AuthnRefusal, refusal } from './refusals.ts';

/** The refusals of `authn-jwt`. */
export const jwtRefusals = {
  invalidKeySettings: (why: string): AuthnRefusal =>
    jwt('InvalidSigningKeySettings', 122, `Invalid signing key settings: ${why}`),
  invalidPublicKeys: (why: string): AuthnRefusal =>
    jwt('InvalidPublicKeys', 120, `Failed to parse 'public-keys': ${why}`),
  invalidTokenAppProperty: (why: string): AuthnRefusal =>
    jwt('InvalidTokenAppPropertyValue', 117, `Failed to parse 'token-app-property' value. Error: '${why}'`),
  forbiddenClaimName: (name: string, regex: string): AuthnRefusal =>
    jwt(
      'FailedToValidateClaimForbiddenClaimName',
      104,
      `Failed to validate claim: claim name '${name}' does not match regular expression: '${regex}'.`,
    ),
  registeredClaimName: (name: string, names: readonly string[]): AuthnRefusal =>
    jwt(
      'FailedToValidateClaimClaimNameInDenyList',
      105,
      `Failed to validate claim: claim name '${name}' is in denylist '${JSON.stringify(names)}'`,
    ),
  duplicateAlias: (what: 'annotation name' | 'claim name', value: string): AuthnRefusal =>
    jwt(
      'ClaimAliasDuplicationError',
      113,
      `Failed to parse claim aliases: ${what} value '${value}' appears more than once`,
    ),
  invalidAlias: (alias: string): AuthnRefusal =>
    jwt(
      'ClaimAliasInvalidFormat',
      111,
      `Failed to parse claim aliases: the claim alias value '${alias}' is in invalid format. ` +
        "The correct format is: 'annotation_name:claim_name'",
    ),
  aliasWithSlash: (name: string): AuthnRefusal =>
    jwt(
      'ClaimAliasNameInvalidCharacter',
      114,
      `Failed to parse claim aliases: the claim alias name '${name}' contains '/'.`,
    ),
  noServiceId: (): AuthnRefusal =>
    jwt('ServiceIdMissing', 97, 'Service ID is required when authenticating with authn-jwt'),
  identityMisconfigured: (): AuthnRefusal =>
    jwt('IdentityMisconfigured', 98, 'JWT identity configuration is invalid'),
  noIdentity: (property: string): AuthnRefusal =>
    jwt('NoSuchFieldInToken', 81, `'${property}' field not found in the token`),
  identityNotText: (property: string, type: string): AuthnRefusal =>
    jwt(
      'TokenAppPropertyValueIsNotString',
      118,
      `'${property}' value in token has type '${type}'. An identity must be a String.`,
    ),
  noToken: (): AuthnRefusal =>
    refusal('Jwt::RequestBodyMissingJWTToken', 'CONJ00077E The request body does not contain JWT token'),
  expired: (): AuthnRefusal => refusal('Jwt::TokenExpired', 'CONJ00016E Token expired', 'token_expired'),
  notDecoded: (why: string): AuthnRefusal =>
    refusal('Jwt::TokenDecodeFailed', `CONJ00035E Failed to decode token (3rdPartyError ='${why}')`),
  noMandatoryClaim: (claim: string): AuthnRefusal =>
    jwt('MissingMandatoryClaim', 91, `Failed to validate token: mandatory claim '${claim}' is missing.`),
  noClaim: (claim: string): AuthnRefusal =>
    jwt(
      'JwtTokenClaimIsMissing',
      84,
      `Claim '${claim}' is missing from JWT token. Verify that you configured the host with permitted restrictions.`,
    ),
  registeredAnnotation: (name: string): AuthnRefusal =>
    jwt(
      'RoleWithRegisteredOrClaimAliasError',
      69,
      `Role can't have registered or aliased claim. Error: '${name}'`,
    ),
  invalidAnnotation: (name: string): AuthnRefusal =>
    jwt(
      'InvalidRestrictionName',
      119,
      `Restriction '${name}' is invalid and not representing claim path in the token`,
    ),
  keysNotFetched: (uri: string, why: string, late: boolean | null): AuthnRefusal => ({
    ...jwt('FetchJwksKeysFailed', 87, `Failed to fetch JWKS from '${uri}'. Reason: '${why}'`),
    ...upstream(late),
  }),
  noDiscovery: (uri: string, why: string, late: boolean | null): AuthnRefusal => ({
    ...refusal(
      'OAuth::ProviderDiscoveryFailed',
      `CONJ00011E Failed to discover Identity Provider (Provider URI: '${uri}'). Reason: '${why}'`,
    ),
    ...upstream(late),
  }),
} as const;

function jwt(name: string, number: number, message: string): AuthnRefusal {
  return refusal(`AuthnJwt::${name}`, `CONJ${String(number).padStart(5, '0')}E ${message}`);
}

/** Whose fault it is: the provider's, silent (true) or not (false); or the configuration's (null). */
function upstream(late: boolean | null): Pick<AuthnRefusal, 'code'> {
  if (late === null) return { code: 'authentication_failed' };
  return { code: late ? 'provider_silent' : 'provider_failed' };
}
