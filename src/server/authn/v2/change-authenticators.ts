import { authenticatorJson } from '../../../core/authn/authenticator-json.ts';
import { policyOf } from '../../../core/authn/authenticator-rows.ts';
import { nameOfService, webserviceOf } from '../../../core/authn/service.ts';
import { isProblem, Problem } from '../../../core/problem.ts';
import { readAccess } from '../../../store/access.ts';
import { deletePolicyTree } from '../../../store/policy-tree.ts';
import { emptyAnswer } from '../../answers/answer.ts';
import { forbidden } from '../../answers/refusals.ts';
import { requireV2, v2Answer } from '../../http/version-2.ts';
import { accountOfPath, pathPart } from '../../http/parameters.ts';
import type { Route } from '../../http/route.ts';
import { anyFlag, objectOf } from '../../http/route-about.ts';
import { writeAs, writePoliciesAs } from '../../http/write-as.ts';
import { requireRootStays } from '../../routes/root-stays.ts';
import { switchAs } from '../service-switch.ts';
import { authenticatorContent } from './authenticator-about.ts';
import { findAuthenticator, noAuthenticator, whatOf } from './show-authenticators.ts';
import { objectBody, serviceNamed, authenticatorRecord } from './v2-call.ts';

/** `PATCH /authenticators/:account/:type/:service`: switches it on or off. */
export const switchV2: Route = {
  method: 'PATCH',
  url: '/authenticators/:account/:type/:service',
  effect: 'write',
  token: 'required',
  checksCaller: true,
  about: {
    summary: 'Switches an authenticator on or off.',
    group: 'Authenticators',
    body: { about: 'Whether it is on.', content: { 'application/json': objectOf({ enabled: anyFlag }) } },
    answers: {
      200: authenticatorContent,
      400: 'The Accept header does not name version 2, or the body is no JSON object.',
      403: 'The caller has not `update` on the webservice.',
      404: 'There is no such authenticator.',
      422: '`enabled` is missing or neither true nor false, or something else is there.',
    },
  },
  handle: async (call) => {
    requireV2(call.request);
    const enabled = enabledOf(objectBody(call));
    const service = serviceNamed(call);
    const missing = noAuthenticator(
      call,
      service === null ? whatOf(call).replace(' ', '/') : nameOfService(service),
    );
    if (service === null) throw missing;
    const switched = await writeAs(call.context, call.caller, async (sql) => {
      try {
        await switchAs(sql, call.caller, service, enabled);
      } catch (error) {
        if (isProblem(error, 'authentication_failed')) throw missing;
        if (!isProblem(error, 'authentication_forbidden')) throw error;
        throw new Problem('authenticator_forbidden', error.detail, { cause: error });
      }
      return findAuthenticator(call.context, sql, call.caller.roleId, service);
    });
    if (switched === null) throw missing;
    return v2Answer(authenticatorJson(switched));
  },
  audit: (call, failure) => [authenticatorRecord(call, 'enable', whatOf(call), failure)],
};

/** `DELETE /authenticators/:account/:type/:service`: with its policy and everything in it. */
export const deleteV2: Route = {
  method: 'DELETE',
  url: '/authenticators/:account/:type/:service',
  effect: 'write',
  token: 'required',
  checksCaller: true,
  about: {
    summary: 'Deletes an authenticator with its policy.',
    group: 'Authenticators',
    answers: {
      204: 'It is gone.',
      400: 'The Accept header does not name version 2.',
      403: 'The caller has not `delete` on the policy.',
      404: 'There is no such authenticator, or the caller must not know of it.',
      422: 'The root belongs to a role of the authenticator, and would go along.',
    },
  },
  handle: async (call) => {
    requireV2(call.request);
    const service = serviceNamed(call);
    const missing = noAuthenticator(call, pathPart(call.request, 'service'));
    if (service === null) throw missing;
    const policyId = policyOf({ service });
    await writePoliciesAs(call.context, call.caller, accountOfPath(call.request), async (sql) => {
      const { visible } = await readAccess(sql, call.caller.roleId, null, webserviceOf(service));
      if (!visible) throw missing;
      const { allowed } = await readAccess(sql, call.caller.roleId, 'delete', policyId);
      if (!allowed) throw forbidden();
      await requireRootStays(sql, service.account, [policyId]);
      await deletePolicyTree(sql, policyId);
    });
    return emptyAnswer(204);
  },
  audit: (call, failure) => [authenticatorRecord(call, 'delete', whatOf(call), failure)],
};

/** @throws Problem `content_unprocessable` */
function enabledOf(fields: Readonly<Record<string, unknown>>): boolean {
  const { enabled, ...others } = fields;
  const wrong = (message: string): Problem => new Problem('content_unprocessable', message);
  if (enabled === undefined) throw wrong('Missing required parameter: enabled');
  const strangers = Object.keys(others).join(', ');
  if (strangers !== '') throw wrong(`The following parameters were not expected: '${strangers}'`);
  if (typeof enabled !== 'boolean') throw wrong('The enabled parameter must be of type=boolean');
  return enabled;
}
