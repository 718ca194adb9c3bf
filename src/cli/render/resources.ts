import { parseFullId, splitFullId } from '../../core/ids.ts';
import type { ApiRecord } from '../../client/resources.ts';
import { renderFields } from './fields.ts';
import { plain, plainField, withoutAccount } from './plain.ts';
import type { Style } from './style.ts';
import { renderTable } from './table.ts';

/** Resources, one line each. */
export function renderResources(resources: readonly ApiRecord[], account: string, style: Style): string {
  const heading = ['KIND', 'ID', 'OWNER'].map((text) => ({ text, paint: style.faint }));
  const rows = resources.map((resource) => {
    const id = parseFullId(textField(resource, 'id'));
    const { kind, identifier } =
      id === null ? { kind: '–', identifier: textField(resource, 'id') } : splitFullId(id);
    const owner = withoutAccount(textField(resource, 'owner'), account);
    return [kind, identifier, owner].map((text) => ({ text: plain(text) }));
  });
  return renderTable([heading, ...rows]).join('\n');
}

/** One resource with all that the API says of it: a server may say more than this knows of. */
export function renderResource(resource: ApiRecord, account: string, style: Style): string {
  const { id, owner, created_at: createdAt, policy, annotations, permissions, ...more } = resource;
  const short = (value: unknown): unknown =>
    typeof value === 'string' ? withoutAccount(value, account) : value;
  const head = [
    ['id', short(id)],
    ['owner', short(owner)],
    ['policy', short(policy)],
    ['created', createdAt],
    ...Object.entries(more).filter(([, value]) => !isEmptyList(value)),
  ] as const;
  const permitted = listOf(permissions).map((row) => ({
    privilege: textField(row, 'privilege'),
    role: withoutAccount(textField(row, 'role'), account),
  }));
  return [
    ...renderFields(head, style),
    ...section(
      'annotations',
      listOf(annotations).map((row) => [textField(row, 'name'), row['value']]),
      style,
    ),
    ...section('permitted', byRole(permitted), style),
  ].join('\n');
}

/** The grants of a role, one line each. `side`: which end of the grant is of interest. */
export function renderGrants(
  grants: readonly ApiRecord[],
  side: 'member' | 'role',
  account: string,
  style: Style,
): string {
  const heading = [side.toUpperCase(), 'BY OWNERSHIP', 'ADMIN', 'POLICY'];
  const rows = grants.map((grant) =>
    [
      withoutAccount(textField(grant, side), account),
      grant['ownership'] === true ? 'yes' : 'no',
      grant['admin_option'] === true ? 'yes' : 'no',
      withoutAccount(plainField(grant['policy']), account),
    ].map((text) => ({ text: plain(text) })),
  );
  return renderTable([heading.map((text) => ({ text, paint: style.faint })), ...rows]).join('\n');
}

/** One line for each role, its privileges together. */
function byRole(
  permitted: readonly { readonly privilege: string; readonly role: string }[],
): readonly (readonly [string, unknown])[] {
  const roles = [...new Set(permitted.map(({ role }) => role))];
  return roles.map((role) => [
    role,
    permitted
      .filter((row) => row.role === role)
      .map(({ privilege }) => privilege)
      .join(', '),
  ]);
}

function section(
  title: string,
  fields: readonly (readonly [string, unknown])[],
  style: Style,
): readonly string[] {
  if (fields.length === 0) return [];
  const named = fields.map(([name, value]) => [plain(name), value] as const);
  return ['', style.strong(title), ...renderFields(named, style).map((line) => `  ${line}`)];
}

function textField(record: ApiRecord, name: string): string {
  const value = record[name];
  return typeof value === 'string' ? value : '–';
}

function listOf(value: unknown): readonly ApiRecord[] {
  if (!Array.isArray(value)) return [];
  return value.filter((entry): entry is ApiRecord => typeof entry === 'object' && entry !== null);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
