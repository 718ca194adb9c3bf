import {
  annotationsOf,
  type Budget,
  cidrOf,
  expected,
  integerOf,
  isEmpty,
  itemsOf,
  stringOf,
  typeNameOf,
} from './read-fields.ts';
import type { Reading } from './read-statements.ts';
import { isRecordTag, type Tag, tagOf, tagRules } from './read-tags.ts';
import { ReadFault, type YamlEntry, type YamlNode, type YamlScalar } from './read-yaml-node.ts';
import type { PolicyRecord, RecordTag, Statement } from './types.ts';

/** The fields of a mapping, by name, without those that are as good as absent because they are empty. */
export type Fields = ReadonlyMap<string, YamlNode>;

/** The fields of statements that refer to something. Conjur takes an empty one for a reference whose id is blank. */
const referring: ReadonlySet<string> = new Set(
  ['role', 'member', 'resource', 'record'].flatMap((name) => [name, `${name}s`]),
);

/** The fields of `node`, each known to `tag`. A scalar (`!user alice`) is a mapping with an id. Throws ReadFault. */
export function fieldsOf(node: YamlNode, tag: Tag): Fields {
  const rules = tagRules[tag];
  if (node.type === 'sequence') throw new ReadFault(`${rules.name} cannot be a list`, node.at);
  const entries = node.type === 'mapping' ? node.entries : idOf(node);
  for (const entry of entries) {
    if (!rules.fields.includes(entry.key)) {
      throw new ReadFault(`No such attribute '${entry.key}' on type ${rules.name}`, entry.keyAt);
    }
  }
  const counts = ({ key, value }: YamlEntry): boolean =>
    !isEmpty(value) || (!isRecordTag(tag) && referring.has(key));
  return new Map(entries.filter(counts).map(({ key, value }) => [key, value]));
}

/** An empty node without a tag refers to something without an id. */
function idOf(node: YamlScalar): readonly YamlEntry[] {
  if (isEmpty(node)) return [];
  return [{ key: 'id', keyAt: node.at, value: { ...node, tag: null, plain: false } }];
}

/** The items of a field that has a name for one and a name for many; both may stand. */
export function listOf(fields: Fields, singular: string, budget: Budget): YamlNode[] {
  return [singular, `${singular}s`].flatMap((name) => {
    const node = fields.get(name);
    return node === undefined ? [] : itemsOf(node, budget);
  });
}

/** `node` as a record; `tag` where the node names none of its own. One node gives one record. Throws ReadFault. */
export function readRecord(node: YamlNode, tag: RecordTag, reading: Reading): PolicyRecord {
  const known = reading.records.get(node);
  if (known !== undefined && known.tag === tag) return known;
  const record = recordOf(node, tag, reading);
  reading.records.set(node, record);
  return record;
}

/** `node` as a role that `field` refers to. An untagged mapping with kind and id will do where `untagged` says so. */
export function readRole(field: string, node: YamlNode, untagged: boolean, reading: Reading): PolicyRecord {
  return readReference({ field, node, what: 'Role', untagged: untagged ? 'role' : null }, reading);
}

/** `node` as a resource that `field` refers to. */
export function readResource(field: string, node: YamlNode, reading: Reading): PolicyRecord {
  return readReference({ field, node, what: 'Resource', untagged: 'resource' }, reading);
}

interface Wanted {
  readonly field: string;
  readonly node: YamlNode;
  readonly what: 'Role' | 'Resource' | 'Layer';
  /** What a node without a tag is; null refuses it. */
  readonly untagged: RecordTag | null;
}

function readReference(wanted: Wanted, reading: Reading): PolicyRecord {
  const { field, node, what } = wanted;
  const tag = tagOf(node) ?? wanted.untagged;
  if (tag === null || (what === 'Layer' && isEmpty(node))) {
    throw expected(what, field, typeNameOf(node), node);
  }
  const rules = tagRules[tag];
  const fits =
    isRecordTag(tag) &&
    (what === 'Layer'
      ? tag === 'layer'
      : what === 'Role'
        ? rules.isRole === true
        : rules.isResource === true);
  if (!fits) throw expected(what, field, rules.name, node);
  return readRecord(node, tag, reading);
}

function recordOf(node: YamlNode, tag: RecordTag, reading: Reading): PolicyRecord {
  const fields = fieldsOf(node, tag);
  const { budget } = reading;
  const text = (name: string): string | null => optional(fields, name, stringOf);
  const owner = fields.get('owner');
  const base = fields.get('record');
  const record: PolicyRecord = {
    type: 'record',
    tag,
    at: node.at,
    kind: text('kind'),
    id: text('id'),
    account: text('account'),
    owner: owner === undefined ? null : readRole('owner', owner, false, reading),
    annotations: optional(fields, 'annotations', (name, value) => annotationsOf(name, value, budget)) ?? [],
    uidnumber: optional(fields, 'uidnumber', integerOf),
    gidnumber: optional(fields, 'gidnumber', integerOf),
    mimeType: text('mime_type'),
    publicKeys: listOf(fields, 'public_key', budget).map((item) => stringOf('public_key', item)),
    restrictedTo: restrictions(fields, budget),
    layers: layersOf(fields, reading),
    body: bodyOf(fields, reading),
    record: base === undefined ? null : readRole('record', base, true, reading),
    roleName: text('role_name'),
  };
  refuseIncomplete(record);
  return record;
}

function refuseIncomplete(record: PolicyRecord): void {
  const { tag, at } = record;
  const kind = record.kind ?? '';
  // Without an id either it is an empty reference, whose blank id `resolve` refuses.
  const lacksKind = kind === '' && record.id !== null;
  if ((tag === 'role' || tag === 'resource') && (lacksKind || kind.includes(':'))) {
    const fault = lacksKind ? 'needs a kind, or a tag such as !user or !variable' : 'has a colon in its kind';
    throw new ReadFault(`${tagRules[tag].name} '${record.id ?? ''}' ${fault}`, at);
  }
  if (tag === 'automatic_role' && (record.record === null || record.roleName === null)) {
    throw new ReadFault('AutomaticRole needs the fields record and role_name', at);
  }
}

function optional<T>(fields: Fields, name: string, read: (field: string, node: YamlNode) => T): T | null {
  const node = fields.get(name);
  return node === undefined ? null : read(name, node);
}

function restrictions(fields: Fields, budget: Budget): string[] {
  const node = fields.get('restricted_to');
  if (node === undefined) return [];
  return [...new Set(itemsOf(node, budget).map((item) => cidrOf('restricted_to', item)))];
}

function layersOf(fields: Fields, reading: Reading): PolicyRecord[] | null {
  if (!fields.has('layer') && !fields.has('layers')) return null;
  return listOf(fields, 'layer', reading.budget).map((node) =>
    readReference({ field: 'layer', node, what: 'Layer', untagged: 'layer' }, reading),
  );
}

function bodyOf(fields: Fields, reading: Reading): Statement[] {
  const node = fields.get('body');
  if (node === undefined) return [];
  return itemsOf(node, reading.budget).map((item) => reading.statement(item, reading));
}
