import { type FullId, fullId } from '../ids.ts';

/** Every type that Conjur knows beside plain `authn`. Those that are not implemented here count as not enabled. */
export const serviceTypes: ReadonlySet<string> = new Set([
  'authn-azure',
  'authn-gcp',
  'authn-iam',
  'authn-jwt',
  'authn-k8s',
  'authn-ldap',
  'authn-oidc',
]);

/** An authenticator in an account: a type, and which of its services (null for types that may do without). */
export interface Service {
  readonly account: string;
  readonly type: string;
  readonly service: string | null;
}

/** Whether Conjur has an authenticator of this type; `authn` is one. */
export function isAuthenticatorType(type: string): boolean {
  return type === 'authn' || serviceTypes.has(type);
}

/** `authn-jwt/ci`: how settings and people name a service. */
export function nameOfService({ type, service }: Service): string {
  return service === null ? type : `${type}/${service}`;
}

/** The webservice on which roles need `authenticate`. */
export function webserviceOf(service: Service): FullId {
  return fullId(service.account, 'webservice', `conjur/${nameOfService(service)}`);
}

/** The webservice on which roles need `read` to ask how the authenticator is. */
export function statusWebserviceOf(service: Service): FullId {
  return fullId(service.account, 'webservice', `conjur/${nameOfService(service)}/status`);
}

/** The variable that holds one value of the configuration. */
export function variableOf(service: Service, name: string): FullId {
  return fullId(service.account, 'variable', `conjur/${nameOfService(service)}/${name}`);
}

/**
 * Whether a service is switched on. As in Conjur, a list of the operator's (`CONJUR_AUTHENTICATORS`) is the whole truth;
 * without one, what was switched on in the database counts.
 */
export function isServiceEnabled(
  service: Service,
  listed: readonly string[],
  enabledInDatabase: boolean,
): boolean {
  if (service.type === 'authn' && service.service === null) return true;
  return listed.length > 0 ? listed.includes(nameOfService(service)) : enabledInDatabase;
}
