import { ReadFault, type YamlNode } from './read-yaml-node.ts';
import type { RecordTag } from './types.ts';

/** Everything that can stand behind `!`. */
export type Tag = RecordTag | 'grant' | 'revoke' | 'permit' | 'deny' | 'delete' | 'member';

interface TagRules {
  /** The name in messages. */
  readonly name: string;
  readonly isRole?: true;
  readonly isResource?: true;
  readonly fields: readonly string[];
}

const resourceFields = ['id', 'account', 'owner', 'annotations'];
const both = { isRole: true, isResource: true } as const;

/** Each tag with the fields that it takes. */
export const tagRules: Readonly<Record<Tag, TagRules>> = {
  user: {
    name: 'User',
    ...both,
    fields: [...resourceFields, 'uidnumber', 'public_key', 'public_keys', 'restricted_to'],
  },
  group: { name: 'Group', ...both, fields: [...resourceFields, 'gidnumber'] },
  host: { name: 'Host', ...both, fields: [...resourceFields, 'restricted_to'] },
  layer: { name: 'Layer', ...both, fields: resourceFields },
  host_factory: { name: 'HostFactory', ...both, fields: [...resourceFields, 'layer', 'layers', 'role'] },
  policy: { name: 'Policy', ...both, fields: [...resourceFields, 'body'] },
  variable: { name: 'Variable', isResource: true, fields: [...resourceFields, 'kind', 'mime_type'] },
  webservice: { name: 'Webservice', isResource: true, fields: resourceFields },
  resource: { name: 'Resource', isResource: true, fields: [...resourceFields, 'kind'] },
  role: { name: 'Role', isRole: true, fields: ['id', 'account', 'kind'] },
  automatic_role: { name: 'AutomaticRole', isRole: true, fields: ['record', 'role_name'] },
  grant: { name: 'Grant', fields: ['role', 'roles', 'member', 'members'] },
  revoke: { name: 'Revoke', fields: ['role', 'roles', 'member', 'members'] },
  permit: { name: 'Permit', fields: ['role', 'roles', 'privilege', 'privileges', 'resource', 'resources'] },
  deny: { name: 'Deny', fields: ['role', 'roles', 'privilege', 'privileges', 'resource', 'resources'] },
  delete: { name: 'Delete', fields: ['record', 'records'] },
  member: { name: 'Member', fields: ['role', 'roles', 'admin'] },
};

/**
 * The names that a load warns of in annotations: most often such an annotation is a field with one indent too many. The
 * list is Conjur's.
 */
export const attributeNames: ReadonlySet<string> = new Set(
  (
    'id owner body user annotations restricted_to permit deny role privileges resource grant revoke member ' +
    'host-factory layers layer variable kind mime_type delete record group host webservice'
  ).split(' '),
);

/** The tag of a node: `!host-factory`, `!host_factory` and `!HostFactory` are one. Null without a tag. Throws ReadFault. */
export function tagOf(node: YamlNode): Tag | null {
  if (node.type === 'sequence' || node.tag === null) return null;
  const name = node.tag
    .slice(1)
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
  if (name === 'managed_role') return 'automatic_role';
  if (isTag(name)) return name;
  throw new ReadFault(`Unrecognized data type '${node.tag}'`, node.at);
}

function isTag(name: string): name is Tag {
  return Object.hasOwn(tagRules, name);
}

/** Whether a tag names a record, which a policy can create or refer to. */
export function isRecordTag(tag: Tag): tag is RecordTag {
  const rules = tagRules[tag];
  return rules.isRole === true || rules.isResource === true;
}

/** The tags as people write them, with dashes or underscores. */
export const writtenTags: readonly string[] = [
  ...new Set(Object.keys(tagRules).flatMap((tag) => [`!${tag}`, `!${tag.replaceAll('_', '-')}`])),
];
