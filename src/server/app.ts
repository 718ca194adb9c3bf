import Fastify, { type FastifyInstance } from 'fastify';
import { isProblem, Problem } from '../core/problem.ts';
import { renderError, renderErrorV2 } from './answers/render-error.ts';
import { apiKeyRoutes } from './authn/api-key.ts';
import { authenticate } from './authn/authenticate.ts';
import { listAuthenticators } from './authn/list-authenticators.ts';
import { login } from './authn/login.ts';
import { changePassword } from './authn/password.ts';
import { serviceRoutes } from './authn/service-routes.ts';
import { statusRoutes } from './authn/service-status.ts';
import { switchRoutes } from './authn/service-switch.ts';
import { deleteV2, switchV2 } from './authn/v2/change-authenticators.ts';
import { createV2 } from './authn/v2/create-authenticator.ts';
import { listV2, showV2 } from './authn/v2/show-authenticators.ts';
import type { ServerContext } from './context.ts';
import { discardBody } from './http/discard-body.ts';
import { v2MediaType, wantsV2 } from './http/media-types.ts';
import { addRoute, type Route } from './http/route.ts';
import { descriptionRoutes } from './openapi/routes.ts';
import { accountRoutes } from './routes/accounts.ts';
import { countFailure, installMetrics } from './metrics/install-metrics.ts';
import { rootRoute, whoami } from './routes/about.ts';
import { auditRoutes } from './routes/audit.ts';
import { auditChainsRoute, auditCheckpointsRoute, auditExportRoute } from './routes/audit-export.ts';
import { auditIntakeRoute } from './routes/audit-intake.ts';
import { createBranchRoute } from './routes/branches/create-branch.ts';
import { deleteBranchRoute } from './routes/branches/delete-branch.ts';
import { listBranchesRoute, showBranchRoute } from './routes/branches/read-branches.ts';
import { updateBranchRoute } from './routes/branches/update-branch.ts';
import { batchSecrets } from './routes/batch-secrets.ts';
import { addGroupMemberRoute, removeGroupMemberRoute } from './routes/group-members.ts';
import { clientsHealthRoute, healthRoute, infoRoute, replicationHealthRoute } from './routes/health.ts';
import { effectivePolicyRoute } from './routes/effective-policy.ts';
import { createHost } from './routes/host-factory-hosts.ts';
import { createTokens, revokeToken } from './routes/host-factory-tokens.ts';
import { deleteIssuerRoute, updateIssuerRoute } from './routes/issuers/change-issuer.ts';
import { createIssuerRoute } from './routes/issuers/create-issuer.ts';
import { listIssuersRoute, showIssuerRoute } from './routes/issuers/read-issuers.ts';
import { metricsRoute } from './routes/metrics.ts';
import { policyRoutes } from './routes/policies.ts';
import { positionRoute } from './routes/position.ts';
import { publicKeys } from './routes/public-keys.ts';
import { listRoutes } from './routes/resource-list.ts';
import { resourceRoute } from './routes/resources.ts';
import { addMemberRoute, removeMemberRoute } from './routes/role-members.ts';
import { roleRoute } from './routes/roles.ts';
import { signCertificateRoute } from './routes/sign-certificate.ts';
import { showSecret, storeSecret } from './routes/secrets.ts';
import { installGate } from './serving/gate.ts';
import { requestIdHeader, requestIdOf } from './http/request-id.ts';
import type { PassOn } from './serving/pass-on.ts';

/** RFC 9110, 8.3.1, as far as fastify looks at it. */
const mediaType = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(;.*)?$/;
const bodyLimitBytes = 1024 * 1024;
/** Identifiers may be long; a path is bounded by the HTTP parser's 16 KiB of headers anyway. */
const maxParamLength = 8192;
/** As Rails reads paths. The Ruby client puts a slash before every question mark. */
const asRails = { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true };

/** Every route of the API. */
export const routes: readonly Route[] = [
  rootRoute,
  whoami,
  healthRoute,
  clientsHealthRoute,
  replicationHealthRoute,
  infoRoute,
  metricsRoute,
  positionRoute,
  auditIntakeRoute,
  auditChainsRoute,
  auditCheckpointsRoute,
  auditExportRoute,
  ...auditRoutes,
  login,
  authenticate,
  ...apiKeyRoutes,
  changePassword,
  ...serviceRoutes,
  ...statusRoutes,
  ...switchRoutes,
  listAuthenticators,
  listV2,
  createV2,
  showV2,
  switchV2,
  deleteV2,
  ...policyRoutes,
  effectivePolicyRoute,
  batchSecrets,
  showSecret,
  storeSecret,
  ...listRoutes,
  resourceRoute,
  roleRoute,
  addMemberRoute,
  removeMemberRoute,
  publicKeys,
  createTokens,
  revokeToken,
  createHost,
  ...accountRoutes,
  createBranchRoute,
  listBranchesRoute,
  showBranchRoute,
  updateBranchRoute,
  deleteBranchRoute,
  addGroupMemberRoute,
  removeGroupMemberRoute,
  createIssuerRoute,
  listIssuersRoute,
  showIssuerRoute,
  updateIssuerRoute,
  deleteIssuerRoute,
  signCertificateRoute,
  ...descriptionRoutes(() => routes),
];

/** The API of a node, without a listener: what `listeners.ts` serves and tests call in process. */
export async function buildApp(
  context: ServerContext,
  gate: { readonly passOn: PassOn; readonly holdMs?: number },
): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    genReqId: requestIdOf,
    bodyLimit: bodyLimitBytes,
    routerOptions: { maxParamLength, ...asRails },
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    frameworkErrors: (_error, _request, reply) => {
      const { status, headers, body } = renderError(unreadablePath());
      reply.raw.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
    },
  });
  takeBodiesAsTheyAre(app);
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header(requestIdHeader, request.id);
    done();
  });
  app.setErrorHandler(async (error, request, reply) => {
    const translated = translateHttpError(error);
    if (isProblem(translated, 'body_too_large')) await discardBody(request.raw);
    if (!(translated instanceof Problem) || translated.kind === 'internal') context.logFault(translated);
    else if (translated.kind === 'unavailable') context.logRefusal(translated);
    if (context.metrics !== null) countFailure(context.metrics, request, translated);
    const { status, headers, body } = wantsV2(request) ? renderErrorV2(translated) : renderError(translated);
    // As bytes, so that fastify adds no charset to a media type that has none.
    const exact = headers['content-type'] === v2MediaType;
    return reply
      .code(status)
      .headers(headers)
      .send(exact ? Buffer.from(body) : body);
  });
  app.setNotFoundHandler(() => {
    throw new Problem('route_not_found', 'There is no such route.');
  });
  if (context.metrics !== null) {
    installMetrics(app, context.metrics);
    for (const type of ['authn', ...context.authenticators.keys()]) context.metrics.installed(type);
  }
  const { serving, settings, store } = context;
  installGate(app, { serving, settings, positions: store.positions, ...gate });
  for (const route of routes) addRoute(app, context, route);
  await app.ready();
  return app;
}

/** Fastify would load its two compilers of schemas, for nobody: half of what it takes to build the app. */
function noSchemas(): never {
  throw new Error(
    'the routes describe themselves to people, not to fastify: it checks and writes nothing by them',
  );
}

/**
 * Every body is bytes, whatever its type says: official clients label raw values as forms. A type that cannot be parsed is
 * dropped, since fastify would refuse it and Conjur does not.
 */
function takeBodiesAsTheyAre(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', (request, _reply, done) => {
    const type = request.headers['content-type'];
    if (type !== undefined && !mediaType.test(type)) delete request.raw.headers['content-type'];
    done();
  });
}

/** Of a path that the router gives up before there is a route. */
function unreadablePath(): Problem {
  return new Problem('request_malformed', 'The path is too long, or its percent-encoding is no UTF-8 text.');
}

/** Fastify's own refusals as Problems. */
function translateHttpError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new Problem('body_too_large', 'The body is larger than this route takes.', { cause: error });
  }
  const ofTheRequest = 'statusCode' in error && error.statusCode === 400;
  return ofTheRequest
    ? new Problem('request_malformed', 'The request cannot be read.', { cause: error })
    : error;
}
