import { type FullId, fullId } from '../ids.ts';
import { authenticatorType, longType, namedService } from './authenticator-types.ts';
import { readData } from './authenticator-data.ts';
import { isFields, type Reading, textFault, unexpected, wrong } from './field-rules.ts';
import type { Service } from './service.ts';

/** A service that is to be made. */
export interface AuthenticatorSpec {
  readonly service: Service;
  /** The policy it is made in. */
  readonly branchId: FullId;
  readonly enabled: boolean;
  /** Null: the policy it is made in. */
  readonly ownerId: FullId | null;
  readonly annotations: ReadonlyMap<string, string>;
  /** By the names of variables. */
  readonly values: ReadonlyMap<string, string>;
}

const known = ['type', 'name', 'enabled', 'owner', 'data', 'annotations'];
const namePattern = /^[a-zA-Z0-9._:-]+$/;
const ownerPattern = /^[a-zA-Z0-9@._/-]+$/;
const annotationPattern = /^[a-zA-Z0-9_/-]+$/;
const ownerKinds = ['user', 'host', 'group'];

/** The service that a body describes, or what is wrong with it, in Conjur's words. */
export function readAuthenticatorSpec(
  account: string,
  body: Readonly<Record<string, unknown>>,
): Reading<AuthenticatorSpec> {
  const { type: short, name, enabled, owner, data, annotations } = body;
  if (short === undefined || short === null) return wrong('Authenticator type is required');
  if (typeof short !== 'string') return wrong('The type parameter must be of type=string');
  const type = longType(short);
  const found = authenticatorType(type);
  if (found === undefined) return wrong(`'${type}' authenticators are not supported.`);
  const stranger = unexpected(body, known);
  if (stranger !== null) return wrong(stranger);
  const nameFault = textFault('name', name, { required: true, limit: 60, pattern: namePattern });
  if (nameFault !== null) return wrong(nameFault);
  if (name === 'status')
    return wrong("Invalid 'name' parameter. It is the name of the webservice for the status.");
  if (enabled !== undefined && enabled !== null && typeof enabled !== 'boolean') {
    return wrong('The enabled parameter must be of type=boolean');
  }
  const service = namedService(account, type, String(name));
  if (service === null)
    return wrong(`Invalid 'name' parameter. The name of ${found.short} authenticators is default.`);
  const ownerId = readOwner(account, owner);
  if (!ownerId.ok) return ownerId;
  const notes = readAnnotations(annotations);
  if (!notes.ok) return notes;
  const values = readData(type, found, data);
  if (!values.ok) return values;
  return {
    ok: true,
    value: {
      service,
      branchId: fullId(account, 'policy', `conjur/${type}`),
      enabled: enabled !== false,
      ownerId: ownerId.value,
      annotations: notes.value,
      values: values.value,
    },
  };
}

function readOwner(account: string, owner: unknown): Reading<FullId | null> {
  if (owner === undefined || owner === null) return { ok: true, value: null };
  if (!isFields(owner)) return wrong('The owner parameter must be of type=object');
  const stranger = unexpected(owner, ['id', 'kind']);
  if (stranger !== null) return wrong(stranger);
  const fault =
    textFault('id', owner['id'], { required: true, limit: 500, pattern: ownerPattern }) ??
    textFault('kind', owner['kind'], { required: true });
  if (fault !== null) return wrong(fault);
  const [id, kind] = [String(owner['id']), String(owner['kind'])];
  if (!ownerKinds.includes(kind)) {
    return wrong(
      `Resource '${id}' kind parameter is invalid. Allowed values are ${JSON.stringify(ownerKinds)}`,
    );
  }
  return { ok: true, value: fullId(account, kind, id) };
}

function readAnnotations(annotations: unknown): Reading<ReadonlyMap<string, string>> {
  const notes = new Map<string, string>();
  if (annotations === undefined || annotations === null) return { ok: true, value: notes };
  if (!isFields(annotations)) return wrong('The annotations parameter must be of type=object');
  for (const [name, value] of Object.entries(annotations)) {
    const fault =
      textFault('annotation name', name, { required: true, limit: 500, pattern: annotationPattern }) ??
      textFault('annotation value', value, { required: true, limit: 120, pattern: /^[^<>']+$/ });
    if (fault !== null) return wrong(fault);
    notes.set(name, String(value));
  }
  return { ok: true, value: notes };
}
