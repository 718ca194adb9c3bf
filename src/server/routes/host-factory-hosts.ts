import { accountOf, type FullId, fullId } from '../../core/ids.ts';
import { cidrContains } from '../../core/policy/cidr.ts';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import type { TransactionSql } from '../../store/connection.ts';
import { type FactoryHost, makeFactoryHost } from '../../store/factory-hosts.ts';
import { holdHostFactoryToken, readFactoryOfToken } from '../../store/host-factory-tokens.ts';
import { holdOffPolicies } from '../../store/policy-versions.ts';
import { readResource } from '../../store/resources.ts';
import { jsonAnswer } from '../answers/answer.ts';
import { forbidden } from '../answers/refusals.ts';
import { auditRecord } from '../audit/record.ts';
import { credentialsInvalid } from '../authn/authenticate.ts';
import { type BodyFields, requestFields, textField } from '../http/body-fields.ts';
import { anyText, fields, json, objectOf } from '../http/route-about.ts';
import type { Call, Route } from '../http/route.ts';
import { requireHostFactories } from './host-factory-tokens.ts';

/** Longer than any token of ours. */
const tokenLimit = 1000;
/** Not base64 of JSON, as other routes have it: the bare token. */
const header = /^Token token="(.*)"/;
/** Bytes: two such ids still fit into one row of an index. */
const idLimit = 1000;
const apiKeyAnnotation = 'authn/api-key';

/** What a request has turned out to be about, for its audit record. */
interface About {
  readonly factoryId: FullId;
  readonly hostId: FullId | null;
  readonly kind: FactoryHost['kind'] | null;
}
const abouts = new WeakMap<Call['request'], About>();

/**
 * `POST /host_factories/hosts`: a host, for whoever has a token of the factory. A host that the factory owns already gets
 * a new API key.
 */
export const createHost: Route = {
  method: 'POST',
  url: '/host_factories/hosts',
  effect: 'write',
  token: 'none',
  about: {
    summary:
      'A new host of a host factory, or a new key for one; with a host factory token in Authorization.',
    group: 'Host factories',
    body: fields(
      'The host.',
      objectOf({ id: anyText, annotations: { type: 'object', additionalProperties: anyText } }, [
        'annotations',
      ]),
    ),
    answers: {
      201: json('The host as a resource, with its API key as `api_key`.', { type: 'object' }),
      401: 'The token is missing, wrong, expired, or not to be used from this address.',
      403: 'There is a host of this id that the factory does not own.',
      422: 'The id is missing, or one that is not to be had.',
    },
  },
  handle: async (call) => {
    requireHostFactories(call);
    const token = tokenOf(call);
    const { context, request } = call;
    const { dataKey } = context.store;
    const answer = await context.store.writes.transaction(async (sql) => {
      const factoryId = await requireToken(sql, call, token);
      abouts.set(request, { factoryId, hostId: null, kind: null });
      const given = requestFields(request);
      const hostId = fullId(accountOf(factoryId), 'host', hostField(given));
      abouts.set(request, { factoryId, hostId, kind: null });
      const annotations = annotationFields(given);
      const withApiKey = getsApiKey(annotations.get(apiKeyAnnotation), context.settings.hostApiKeys);
      const host = { hostId, factoryId, annotations, withApiKey };
      const made = await makeFactoryHost(sql, dataKey, host);
      if (made.kind === 'foreign') throw forbidden();
      abouts.set(request, { factoryId, hostId, kind: made.kind });
      const resource = await readResource(sql, dataKey, hostId);
      return { ...resource, api_key: made.apiKey?.reveal() ?? null };
    });
    return jsonAnswer(answer, 201);
  },
  audit: (call, failure) => [hostRecord(call, failure)],
};

function tokenOf({ request }: Call): Secret<string> {
  const token = header.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (token === '' || token.length > tokenLimit) throw credentialsInvalid();
  return new Secret(token);
}

/** The factory of a token that may be used now and from here, and that nobody revokes before the transaction ends. */
async function requireToken(sql: TransactionSql, call: Call, token: Secret<string>): Promise<FullId> {
  const factoryId = await readFactoryOfToken(sql, token);
  if (factoryId === null) throw credentialsInvalid();
  await holdOffPolicies(sql, accountOf(factoryId)); // before the row: see `writeRolesAs`
  const held = await holdHostFactoryToken(sql, call.context.store.dataKey, token);
  if (held === null || held.expiresAtMs <= call.context.wallClock()) throw credentialsInvalid();
  const fromHere = held.cidr.length === 0 || held.cidr.some((cidr) => cidrContains(cidr, call.address));
  if (!fromHere) throw credentialsInvalid();
  return held.factoryId;
}

function hostField(given: BodyFields): string {
  const id = textField(given, 'id');
  if (id === null || id.trim() === '') {
    throw new Problem('parameter_missing', 'param is missing or the value is empty: id');
  }
  if (Buffer.byteLength(id) > idLimit) {
    throw new Problem('argument_invalid', `id: longer than ${idLimit} bytes`);
  }
  if (/^\/?conjur\//.test(id)) throw new Problem('argument_invalid', `Invalid id: ${id.slice(0, 100)}`);
  return id;
}

/** `annotations[name]=value` of a form, or the object `annotations` of JSON. */
function annotationFields(given: BodyFields): ReadonlyMap<string, string> {
  const annotations = new Map<string, string>();
  const { annotations: object } = given;
  if (typeof object === 'object' && object !== null && !Array.isArray(object)) {
    for (const [name, value] of Object.entries(object)) annotations.set(name, annotationText(name, value));
  }
  for (const [field, value] of Object.entries(given)) {
    const name = /^annotations\[(.+)\]$/.exec(field)?.[1];
    if (name !== undefined) annotations.set(name, annotationText(name, value));
  }
  return annotations;
}

function annotationText(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Problem('argument_invalid', `annotations: the value of "${name.slice(0, 100)}" is not a text`);
}

function getsApiKey(annotation: string | undefined, byDefault: boolean): boolean {
  if (annotation?.toLowerCase() === 'true') return true;
  if (byDefault) return annotation?.toLowerCase() !== 'false';
  const wayOut = `add the annotation ${apiKeyAnnotation} with the value true`;
  throw new Problem('policy_invalid', `Hosts get no API keys by themselves on this server: ${wayOut}.`);
}

function hostRecord(call: Call, failure: unknown): ReturnType<typeof auditRecord> {
  const about = abouts.get(call.request);
  const user = about?.factoryId ?? fullId(call.context.account, 'user', 'not-found');
  const host = about?.hostId ?? 'a host';
  const rotated = about?.kind === 'rotated';
  return auditRecord(call, {
    msgid: 'host-factory',
    operation: rotated ? 'rotate-host' : 'create-host',
    user,
    subject: {
      ...(about === undefined ? {} : { resource: about.factoryId }),
      ...(about?.hostId == null ? {} : { role: about.hostId }),
    },
    failure,
    sentence: rotated ? `${user} rotated the API key of ${host}` : `${user} created ${host}`,
    attempt: `${user} failed to create ${host}`,
  });
}
