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
  'POST /authn-azure/*/*/*/authenticate': 'getAccessTokenViaAzure',
  'POST /authn-gcp/*/authenticate': 'getAccessTokenViaGCP',
  'POST /authn-iam/*/*/*/authenticate': 'getAccessTokenViaAWS',
  'POST /authn-jwt/*/*/*/authenticate': 'getAccessTokenViaJWT',
  'POST /authn-jwt/*/*/authenticate': 'getAccessTokenViaJWT',
  'POST /authn-k8s/*/*/*/authenticate': 'getAccessTokenViaKubernetes',
  'POST /authn-k8s/*/inject_client_cert': 'k8sInjectClientCert',
  'POST /authn-ldap/*/*/*/authenticate': 'getAccessTokenViaLDAP',
  'POST /authn-oidc/*/*/authenticate': 'getAccessTokenViaOIDC',
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
 * routes, whatever clients send.
 */
export function operationOf(method: string, pattern: string): string {
  const asked = method === 'HEAD' ? 'GET' : method;
  const key = `${asked} ${pattern.replaceAll(/:[^/]+/g, '*')}`;
  return names[key] ?? `${asked} ${pattern}`;
}

const knownKinds: ReadonlySet<string> = new Set([...roleKinds, ...resourceKinds]);

/** The label of a kind: policies may make kinds of their own, which are all one here. */
export function kindLabel(kind: string): string {
  return knownKinds.has(kind) ? kind : 'other';
}
