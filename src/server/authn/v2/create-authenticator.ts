import { authenticatorJson } from '../../../core/authn/authenticator-json.ts';
import { authenticatorRows } from '../../../core/authn/authenticator-rows.ts';
import { type AuthenticatorSpec, readAuthenticatorSpec } from '../../../core/authn/authenticator-spec.ts';
import { authenticatorType } from '../../../core/authn/authenticator-types.ts';
import { variableOf, webserviceOf } from '../../../core/authn/service.ts';
import type { FullId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { readAccess } from '../../../store/access.ts';
import { switchService } from '../../../store/authenticators.ts';
import { anyResourceExists } from '../../../store/exists.ts';
import type { TransactionSql } from '../../../store/connection.ts';
import { applyChanges } from '../../../store/policy-changes.ts';
import { writeSecret } from '../../../store/secrets.ts';
import { forbidden } from '../../answers/refusals.ts';
import { v2MediaType } from '../../http/media-types.ts';
import { requireV2, v2Answer } from '../../http/version-2.ts';
import { accountOfPath, pathPart } from '../../http/parameters.ts';
import type { CallerCall, Route } from '../../http/route.ts';
import { writePoliciesAs } from '../../http/write-as.ts';
import { authenticatorSchema, newAuthenticatorContent } from './authenticator-about.ts';
import { findAuthenticator } from './show-authenticators.ts';
import { objectBody, authenticatorRecord } from './v2-call.ts';

/** `POST /authenticators/:account`: makes a service: its policy, webservices, variables and groups, switched on. */
export const createV2: Route = {
  method: 'POST',
  url: '/authenticators/:account',
  effect: 'write',
  token: 'required',
  checksCaller: true,
  about: {
    summary: 'Makes an authenticator in the policy `conjur/authn-<type>`.',
    group: 'Authenticators',
    body: newAuthenticatorContent,
    answers: {
      201: { about: 'It is made.', content: { [v2MediaType]: authenticatorSchema } },
      400: 'The Accept header does not name version 2, or the body is no JSON object.',
      403: 'The caller has not `create` on the policy.',
      404: 'There is no such policy or owner, or the caller must not know of it.',
      409: 'There is one of this name already.',
      422: 'A field is missing, wrong, or not expected.',
    },
  },
  handle: async (call) => {
    requireV2(call.request);
    const reading = readAuthenticatorSpec(accountOfPath(call.request), objectBody(call));
    if (!reading.ok) throw new Problem('content_unprocessable', reading.message);
    const spec = reading.value;
    const made = await writePoliciesAs(call.context, call.caller, spec.service.account, async (sql) => {
      await requireCreate(sql, call, spec);
      await create(sql, call, spec);
      return findAuthenticator(call.context, sql, spec.branchId, spec.service);
    });
    return v2Answer(made === null ? {} : authenticatorJson(made), 201);
  },
  audit: (call, failure) => [authenticatorRecord(call, 'create', newName(call), failure)],
};

/** @throws Problem `authenticator_missing`, `forbidden` */
async function requireCreate(sql: TransactionSql, call: CallerCall, spec: AuthenticatorSpec): Promise<void> {
  const branch = await readAccess(sql, call.caller.roleId, 'create', spec.branchId);
  if (!branch.visible) throw notFound(call, spec.branchId);
  if (!branch.allowed) throw forbidden();
  if (spec.ownerId === null) return;
  const owner = await readAccess(sql, call.caller.roleId, null, spec.ownerId);
  // A user may see itself, though most users are visible to nobody but the owner of their policy.
  if (!owner.visible && spec.ownerId !== call.caller.roleId) throw notFound(call, spec.ownerId);
}

/** @throws Problem `authenticator_exists` */
async function create(sql: TransactionSql, call: CallerCall, spec: AuthenticatorSpec): Promise<void> {
  const { dataKey } = call.context.store;
  const rows = authenticatorRows(spec);
  const ids = rows.flatMap((row) => (row.table === 'resources' ? [row.resourceId] : []));
  if (await anyResourceExists(sql, ids)) {
    throw new Problem('authenticator_exists', 'The authenticator already exists.');
  }
  await applyChanges(sql, rows);
  for (const [name, value] of spec.values) {
    await writeSecret(sql, dataKey, variableOf(spec.service, name), Buffer.from(value));
  }
  await switchService(sql, webserviceOf(spec.service), spec.enabled);
}

function notFound(call: CallerCall, id: FullId): Problem {
  return new Problem('authenticator_missing', `${id} not found in account ${accountOfPath(call.request)}`);
}

/** `jwt ci`: type and name of what a body asks for, as far as they can be told. */
function newName(call: CallerCall): string {
  try {
    const reading = readAuthenticatorSpec(pathPart(call.request, 'account'), objectBody(call));
    if (!reading.ok) return 'authenticator';
    const { type, service } = reading.value.service;
    return `${authenticatorType(type)?.short ?? type} ${service ?? 'default'}`;
  } catch {
    return 'authenticator';
  }
}
