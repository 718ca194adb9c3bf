import type { ProblemCode } from '../problem-codes.ts';

/**
 * Why an authentication, or a question about an authenticator, is refused. The sentences are Conjur's (its
 * `app/domain/errors.rb`): operators search for their codes, and status answers show them to clients.
 */
export interface AuthnRefusal {
  readonly ok: false;
  readonly code: AuthnRefusalCode;
  /** Conjur's name of the error, without its leading `Errors::`. */
  readonly name: string;
  /** Tells neither the token nor a value of the configuration. */
  readonly message: string;
}

export type AuthnRefusalCode = Extract<
  ProblemCode,
  | 'authentication_failed'
  | 'authentication_forbidden'
  | 'authenticator_unsupported'
  | 'field_missing'
  | 'provider_failed'
  | 'provider_silent'
  | 'status_unsupported'
  | 'token_expired'
>;

/** The refusals that all authenticators share. */
export const authnRefusals = {
  notSupported: (name: string): AuthnRefusal =>
    refusal(
      'AuthenticatorNotSupported',
      `CONJ00001E Authenticator '${name}' is not supported in Conjur`,
      'authenticator_unsupported',
    ),
  notEnabled: (name: string): AuthnRefusal =>
    refusal('Security::AuthenticatorNotWhitelisted', `CONJ00004E '${name}' is not enabled`),
  noWebservice: (name: string): AuthnRefusal =>
    refusal('Security::WebserviceNotFound', `CONJ00005E Webservice '${name}' not found`),
  notPermitted: (login: string, privilege: string, resourceId: string): AuthnRefusal =>
    refusal(
      'Security::RoleNotAuthorizedOnResource',
      `CONJ00006E '${login}' does not have '${privilege}' privilege on ${resourceId}`,
      'authentication_forbidden',
    ),
  noRole: (login: string): AuthnRefusal =>
    refusal('Security::RoleNotFound', `CONJ00007E '${login}' not found`),
  wrongOrigin: (): AuthnRefusal => refusal('InvalidOrigin', 'CONJ00003E Invalid origin'),
  noField: (field: string): AuthnRefusal =>
    refusal(
      'RequestBody::MissingRequestParam',
      `CONJ00009E Field '${field}' is missing or empty in request body`,
      'field_missing',
    ),
  noStatus: (name: string): AuthnRefusal =>
    refusal(
      'StatusNotSupported',
      `CONJ00056E Status check not supported for authenticator '${name}'`,
      'status_unsupported',
    ),
  noValue: (variableId: string): AuthnRefusal => ({
    ...refusal('', `CONJ00037E Missing value for resource: ${variableId}`),
    name: 'Conjur::RequiredSecretMissing',
  }),
  noRestrictions: (): AuthnRefusal =>
    refusal(
      'Constraints::RoleMissingAnyRestrictions',
      'CONJ00099E Role must have at least one relevant annotation',
    ),
  missingRestrictions: (claims: readonly string[]): AuthnRefusal =>
    refusal(
      'Constraints::RoleMissingConstraints',
      `CONJ00057E Role does not have the required constraints: '${JSON.stringify(claims)}'`,
    ),
  restrictionNotMet: (name: string): AuthnRefusal =>
    refusal(
      'ResourceRestrictions::InvalidResourceRestrictions',
      `CONJ00049E Resource restriction '${name}' does not match with the corresponding value in the request`,
    ),
  emptyAnnotation: (name: string): AuthnRefusal =>
    refusal('ResourceRestrictions::EmptyAnnotationGiven', `CONJ00100E Annotation, '${name}', is empty`),
} as const;

/** A refusal with Conjur's name for it, below `Authentication::`; 401 unless told otherwise. */
export function refusal(
  name: string,
  message: string,
  code: AuthnRefusalCode = 'authentication_failed',
): AuthnRefusal {
  return { ok: false, code, name: `Authentication::${name}`, message };
}
