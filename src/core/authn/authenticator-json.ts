import { type FullId, splitFullId } from '../ids.ts';
import { authenticatorType, identityFields, variableOfField } from './authenticator-types.ts';

/** A service as the database has it. */
export interface StoredAuthenticator {
  readonly webserviceId: FullId;
  readonly ownerId: FullId;
  readonly enabled: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  /** By the names of variables; null: the variable has no value. */
  readonly values: ReadonlyMap<string, string | null>;
}

/** The form that version 2 of the API gives a service. */
export function authenticatorJson(stored: StoredAuthenticator): Readonly<Record<string, unknown>> {
  const [, type = '', ...rest] = splitFullId(stored.webserviceId).identifier.split('/');
  const owner = splitFullId(stored.ownerId);
  const known = authenticatorType(type);
  const data = known?.fields === undefined || known.fields === null ? null : dataOf(type, stored.values);
  return {
    type: known?.short ?? type,
    branch: `conjur/${type}`,
    name: rest.length === 0 ? 'default' : rest.join('/'),
    enabled: stored.enabled,
    owner: { id: owner.identifier, kind: owner.kind },
    ...(data === null ? {} : { data }),
    ...(Object.keys(stored.annotations).length === 0 ? {} : { annotations: stored.annotations }),
  };
}

function dataOf(type: string, values: StoredAuthenticator['values']): Readonly<Record<string, unknown>> {
  const data: Record<string, unknown> = {};
  for (const [field, rule] of Object.entries(authenticatorType(type)?.fields ?? {})) {
    const value = values.get(variableOfField(field)) ?? null;
    if (value !== null && rule.secret !== true) data[field] = field === 'public_keys' ? asJson(value) : value;
  }
  if (type !== 'authn-jwt') return data;
  const identity = identityOf(values);
  return Object.keys(identity).length === 0 ? data : { ...data, identity };
}

function identityOf(values: StoredAuthenticator['values']): Readonly<Record<string, unknown>> {
  const identity: Record<string, unknown> = {};
  for (const field of identityFields) {
    const value = values.get(variableOfField(field)) ?? null;
    if (value === null) continue;
    if (field === 'enforced_claims') identity[field] = [...new Set(partsOf(value))];
    else if (field === 'claim_aliases') identity[field] = Object.fromEntries(pairsOf(value));
    else identity[field] = value;
  }
  return identity;
}

function partsOf(text: string): readonly string[] {
  return text.trim() === '' ? [] : text.split(',').map((part) => part.trim());
}

function pairsOf(text: string): readonly (readonly [string, string])[] {
  return partsOf(text).flatMap((part) => {
    const colon = part.indexOf(':');
    return colon > 0 && colon < part.length - 1
      ? [[part.slice(0, colon), part.slice(colon + 1)] as const]
      : [];
  });
}

/** Keys are shown as the JSON that they are; what is none, as it is. */
function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
