import { serviceTypes } from '../../core/authn/service.ts';
import { roleKinds, resourceKinds } from '../../core/ids.ts';

/** What Conjur's dashboards call the routes; in a key each part of a path that varies is a star. */
const names: Readonly<Record<string, string>> = {
  'DELETE /accounts/*': 'deleteAccount',
  'DELETE /host_factory_tokens/*': 'revokeToken',
  'DELETE /roles/*/*/*': 'removeMemberFromRole',
  'GET /accounts': 'getAccounts',
  'GET /authenticators': 'getAuthenticators',
  'GET /authn-gcp/*/status': 'getGCPAuthenticatorStatus',
  'GET /authn-ldap/*/*/login': 'getAPIKeyViaLDAP',
  'GET /authn/*/login': 'getAPIKey',
  'GET /metrics': 'getMetrics',
  'GET /public_keys/*/*/*': 'showPublicKeys',
  'GET /resources': 'showResourcesForAllAccounts',
  'GET /resources/*': 'showResourcesForAccount',
  'GET /resources/*/*': 'showResourcesForKind',
  'GET /resources/*/*/*': 'showResource',
  'GET /roles/*/*/*': 'showRole',
  'GET /secrets': 'getSecrets',
  'GET /secrets/*/*/*': 'getSecret',
  'GET /whoami': 'whoAmI',
  'PATCH /policies/*/*/*': 'updatePolicy',
  'POST /accounts': 'createAccount',
  'POST /authn-azure/*/*/*': 'getAccessTokenViaAzure',
  'POST /authn-gcp/*/authenticate': 'getAccessTokenViaGCP',
  'POST /authn-iam/*/*/*': 'getAccessTokenViaAWS',
  'POST /authn-jwt/*/*/*': 'getAccessTokenViaJWT',
  'POST /authn-k8s/*/*/*': 'getAccessTokenViaKubernetes',
  'POST /authn-k8s/*/inject_client_cert': 'k8sInjectClientCert',
  'POST /authn-ldap/*/*/*': 'getAccessTokenViaLDAP',
  'POST /authn-oidc/*/*/*': 'getAccessTokenViaOIDC',
  'POST /authn/*/*': 'getAccessToken',
  'POST /authn/*/*/authenticate': 'getAccessToken',
  'POST /ca/*/*/sign': 'sign',
  'POST /host_factories/hosts': 'createHost',
  'POST /host_factory_tokens': 'createToken',
  'POST /policies/*/*/*': 'loadPolicy',
  'POST /roles/*/*/*': 'addMemberToRole',
  'POST /secrets/*/*/*': 'createSecret',
  'PUT /authn/*/api_key': 'rotateAPIKey',
  'PUT /authn/*/password': 'changePassword',
  'PUT /policies/*/*/*': 'replacePolicy',
};

/** The label of what is no route. */
export const unknownOperation = 'unknown';

/**
 * The label `operation` of a route: Conjur's name for it, else its method and pattern. There are as many as there are
 * routes and types of authenticator, whatever clients send.
 *
 * @param parameters those of the path; the type of authenticator among them is part of the name
 */
export function operationOf(
  method: string,
  pattern: string,
  parameters: Readonly<Record<string, unknown>> = {},
): string {
  const asked = method === 'HEAD' ? 'GET' : method;
  const type = parameters['authenticator'];
  const isKnown = typeof type === 'string' && serviceTypes.has(type);
  const route = isKnown ? pattern.replace(':authenticator', type) : pattern;
  return names[`${asked} ${route.replaceAll(/:[^/]+/g, '*')}`] ?? `${asked} ${route}`;
}

const knownKinds: ReadonlySet<string> = new Set([...roleKinds, ...resourceKinds]);

/** The label of a kind: policies may make kinds of their own, which are all one here. */
export function kindLabel(kind: string): string {
  return knownKinds.has(kind) ? kind : 'other';
}
