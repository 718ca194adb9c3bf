import { type FullId, fullId, identifierOf, kindOf } from '../ids.ts';
import { attributeNames, tagRules } from './read-tags.ts';
import {
  absolutePath,
  bounded,
  describeRecord,
  type Ids,
  isLonger,
  maxNameBytes,
  ResolveFault,
} from './resolve-ids.ts';
import type { Annotation, PolicyRecord, Position, PublicKeySecret, ResolvedRecord } from './types.ts';

/** A created record, with what putting it in order needs. */
export interface NamedRecord extends ResolvedRecord {
  readonly dependsOn: readonly FullId[];
  readonly name: string;
  readonly tag: PolicyRecord['tag'];
}

/** Checks that an operator can switch on; all are off in a default Conjur. */
export interface HostRules {
  /** Hosts must say `authn/api-key: true`, because API keys are off by default (`authn_api_key_default = false`). */
  readonly hostsNameApiKey: boolean;
}

/** `record` as a row to create, owned by `defaultOwner` unless it names an owner. Throws ResolveFault. */
export function createdRecord(
  record: PolicyRecord,
  ids: Ids,
  defaultOwner: FullId,
  rules: HostRules,
): NamedRecord {
  const id = ids.subject(record);
  const { isRole = false, isResource = false } = tagRules[record.tag];
  const ownerId = record.owner === null ? defaultOwner : ids.reference(record.owner);
  if (record.owner !== null) refuseOwnPolicy(id, ownerId, record.owner.at);
  const layerIds = record.tag === 'host_factory' ? layersOf(record, id, ids) : [];
  const annotations = foldedAnnotations(record, ids);
  if (rules.hostsNameApiKey) refuseHostWithoutApiKey(record, annotations);
  return {
    id,
    at: record.at,
    tag: record.tag,
    name: describeRecord(record, identifierOf(id)),
    isRole,
    isResource,
    ownerId,
    dependsOn: isResource ? [ownerId, ...layerIds] : [],
    annotations,
    restrictedTo: record.tag === 'user' || record.tag === 'host' ? record.restrictedTo : null,
    publicKeys: record.publicKeys.map((key) => publicKeyOf(record, id, key)),
    layerIds,
  };
}

/** A sentence for each name of an annotation that looks like a field in the wrong place. */
export function annotationWarnings(records: readonly NamedRecord[]): string[] {
  const found = new Map<string, NamedRecord>();
  for (const record of records) {
    for (const { name } of record.annotations) {
      if (attributeNames.has(name) && !found.has(name)) found.set(name, record);
    }
  }
  return [...found].map(([name, record]) => {
    const where = `${record.name}, line ${record.at.line}`;
    return `Annotation '${name}' (${where}) has the name of a policy attribute: if it is meant as one, move it out of annotations`;
  });
}

/** The resources that hold the public keys of a user. */
export function publicKeyRecords(record: NamedRecord): NamedRecord[] {
  return record.publicKeys.map(({ resourceId }) => ({
    ...record,
    id: resourceId,
    tag: 'resource',
    name: `public key '${identifierOf(resourceId)}'`,
    isRole: false,
    isResource: true,
    dependsOn: [record.ownerId],
    annotations: [],
    restrictedTo: null,
    publicKeys: [],
  }));
}

/**
 * A policy that owns itself is nobody's: what it holds would belong to no role but its own. A group or user that owns
 * itself is a way to let its members administer it, and Conjur takes it.
 */
function refuseOwnPolicy(id: FullId, ownerId: FullId, at: Position): void {
  if (id !== ownerId || kindOf(id) !== 'policy') return;
  throw new ResolveFault(`Dependency cycle encountered: policy '${identifierOf(id)}' owns itself`, at);
}

function layersOf(record: PolicyRecord, id: FullId, ids: Ids): FullId[] {
  if (record.layers === null) {
    throw new ResolveFault(`Host factory '${identifierOf(id)}' does not include any layers`, record.at);
  }
  return [...new Set(record.layers.map((layer) => ids.subject(layer)))];
}

/** The fields that Conjur keeps as annotations, unless an annotation of that name is written out. */
function foldedAnnotations(record: PolicyRecord, ids: Ids): Annotation[] {
  const written = record.annotations.map(({ name, value }): Annotation => {
    if (isLonger(name, maxNameBytes)) {
      const start = `${name.slice(0, 60)}…`;
      throw new ResolveFault(
        `The name of annotation '${start}' is longer than ${maxNameBytes} bytes`,
        record.at,
      );
    }
    const isPath = /(?:^|\/)\.\.(?:\/|$)/.test(value);
    return { name, value: isPath ? absolutePath(`${ids.base(record)}/${value}`, record.at) : value };
  });
  const folded: readonly (readonly [string, string | number | null])[] = [
    ['conjur/uidnumber', record.uidnumber],
    ['conjur/gidnumber', record.gidnumber],
    ['conjur/kind', record.tag === 'variable' ? record.kind : null],
    ['conjur/mime_type', record.mimeType],
  ];
  const names = new Set(written.map(({ name }) => name));
  for (const [name, value] of folded) {
    if (value !== null && !names.has(name)) written.push({ name, value: String(value) });
  }
  return written;
}

/** The third word of a key line is its name. */
function publicKeyOf(record: PolicyRecord, userId: FullId, line: string): PublicKeySecret {
  const words = line.trim().split(/\s+/);
  const [, , name] = words;
  if (words.length !== 3 || name === undefined) {
    throw new ResolveFault(
      `Invalid public key format of ${describeRecord(record, identifierOf(userId))}: it takes an algorithm, a key and a name`,
      record.at,
    );
  }
  const account = userId.slice(0, userId.indexOf(':'));
  return {
    resourceId: bounded(fullId(account, 'public_key', `user/${identifierOf(userId)}/${name}`), record.at),
    value: line.trim(),
  };
}

function refuseHostWithoutApiKey(record: PolicyRecord, annotations: readonly Annotation[]): void {
  if (record.tag !== 'host') return;
  const value = annotations.find(({ name }) => name === 'authn/api-key')?.value;
  if (value?.toLowerCase() === 'true') return;
  throw new ResolveFault(
    `Host '${record.id ?? ''}' needs the annotation authn/api-key: true, because API keys of hosts are switched off by default`,
    record.at,
  );
}
