import { jsonAnswer } from '../answers/answer.ts';
import { accountOfPath, noRoute, pathPart } from '../http/parameters.ts';
import type { Call, Route } from '../http/route.ts';
import { fields, json, listOf, objectOf, anyText } from '../http/route-about.ts';
import { credentialsInvalid } from './authenticate.ts';
import { authenticateByService } from './authenticate-by-service.ts';
import { serviceOfPath } from './service-of-path.ts';
import { serviceRecord } from './service-record.ts';
import { tokenContent } from './token-answer.ts';

const answers = {
  200: tokenContent,
  400: 'A field is missing in the body.',
  401: 'The service does not exist or is not switched on, the proof is not accepted, or the role does not exist.',
  403: 'The role has not `authenticate` on the webservice.',
  502: 'The identity provider cannot be reached, or answers wrongly.',
  504: 'The identity provider does not answer in time.',
} as const;
const body = fields('What proves the role: `jwt` for `authn-jwt`.', objectOf({ jwt: anyText }, ['jwt']));
/** A login is bounded by the path; a proof is a token or a certificate. */
const bodyLimitBytes = 128 * 1024;
const suffix = 'authenticate';

/** `POST /authn-jwt/:service/:account(/:login)/authenticate`, and the same for every other authenticator with services. */
const byService: Route = {
  method: 'POST',
  url: '/:authenticator/:service/:account/*',
  token: 'none',
  bodyLimitBytes,
  about: {
    summary:
      'An access token by a service of an authenticator, such as `authn-jwt`; a login may stand before the end.',
    group: 'Authentication',
    path: '/{authenticator}/{service}/{account}/authenticate',
    body,
    answers,
  },
  handle: (call) => authenticateByService(call, serviceOfPath(call.request), loginOfPath(call)),
  audit: authenticateRecords,
};

/** `POST /authn-gcp/:account/authenticate`: authenticators that may do without a service. */
const withoutService: Route = {
  method: 'POST',
  url: '/:authenticator/:account/authenticate',
  token: 'none',
  bodyLimitBytes,
  about: {
    summary: 'An access token by an authenticator without services.',
    group: 'Authentication',
    body,
    answers,
  },
  handle: (call) => authenticateByService(call, serviceOfPath(call.request), null),
  audit: authenticateRecords,
};

/** `GET` of the same: the way back from an identity provider's page. */
const byRedirect: readonly Route[] = ['/:authenticator/:account', '/:authenticator/:service/:account'].map(
  (path) => ({
    method: 'GET',
    url: `${path}/authenticate`,
    token: 'none',
    about: {
      summary: 'An access token by what an identity provider has given to the client.',
      group: 'Authentication',
      answers,
    },
    handle: (call: Call) => authenticateByService(call, serviceOfPath(call.request), null),
    audit: authenticateRecords,
  }),
);

/** `GET /authn-oidc/:account/providers`: where people may log in. There are none as long as OpenID Connect is not there. */
const providers: Route = {
  method: 'GET',
  url: '/authn-oidc/:account/providers',
  token: 'none',
  about: {
    summary: 'The identity providers that people may log in by.',
    group: 'Authenticators',
    answers: { 200: json('Those that are switched on.', listOf({ type: 'object' })) },
  },
  handle: async (call) => {
    accountOfPath(call.request);
    return jsonAnswer([]);
  },
};

/** `POST /authn-k8s/:service/inject_client_cert`: for an authenticator that is not there yet. */
const injectCertificate: Route = {
  method: 'POST',
  url: '/authn-k8s/:service/inject_client_cert',
  token: 'none',
  bodyLimitBytes,
  about: {
    summary: 'A certificate for a pod of Kubernetes.',
    group: 'Authentication',
    answers: { 401: 'The service is not switched on.' },
  },
  handle: async () => {
    throw credentialsInvalid();
  },
};

/** `GET /authn-ldap/:service/:account/login`: for an authenticator that is not there yet. */
const loginByService: Route = {
  method: 'GET',
  url: '/:authenticator/:service/:account/login',
  token: 'none',
  about: {
    summary: 'An API key for a login and a secret that a directory knows.',
    group: 'Authentication',
    answers: { 401: 'The service is not switched on.' },
  },
  handle: async (call) => {
    serviceOfPath(call.request);
    throw credentialsInvalid();
  },
};

/** How roles authenticate other than by an API key. */
export const serviceRoutes: readonly Route[] = [
  byService,
  withoutService,
  ...byRedirect,
  providers,
  loginByService,
  injectCertificate,
];

/** `*` is `authenticate`, or ends so after a login. */
function loginOfPath(call: Call): string | null {
  const path = pathPart(call.request, '*');
  if (path === suffix) return null;
  if (!path.endsWith(`/${suffix}`)) throw noRoute();
  return path.slice(0, -suffix.length - 1) || null;
}

function authenticateRecords(call: Call, failure: unknown): ReturnType<typeof serviceRecord>[] {
  return [serviceRecord(call, 'authenticate', serviceOfPath(call.request), null, failure)];
}
