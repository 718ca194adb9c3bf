import type { Fields, FieldValue, Tagged } from '../policy/effective-rows.ts';
import { isFullId, splitFullId } from '../ids.ts';
import type { NewVariable } from './plan.ts';

/** Roles that a policy can name. */
const roleTags: Readonly<Record<string, string>> = {
  user: 'user',
  host: 'host',
  group: 'group',
  layer: 'layer',
  policy: 'policy',
  host_factory: 'host-factory',
};

/**
 * The permissions that others gave on the variables under their names before, given again: one statement for each role and
 * privilege.
 */
export function copiedPermits(
  variables: readonly Pick<NewVariable, 'path' | 'permits'>[],
): readonly Tagged[] {
  const all = variables.flatMap(({ path, permits }) => permits.map((permit) => ({ path, ...permit })));
  const groups = Map.groupBy(all, ({ role, privilege }) => JSON.stringify([role, privilege]));
  return [...groups.values()].flatMap((same) => {
    const [first] = same;
    const role = first === undefined ? null : roleOf(first.role);
    if (first === undefined || role === null) return [];
    const resources = [...new Set(same.map(({ path }) => path))].map((value) => ({ tag: 'variable', value }));
    const fields: Fields = new Map<string, FieldValue>([
      ['role', role],
      ['privileges', [first.privilege]],
      ['resources', resources],
    ]);
    return [{ tag: 'permit', value: fields }];
  });
}

function roleOf(id: string): Tagged | null {
  if (!isFullId(id)) return null;
  const { kind, identifier } = splitFullId(id);
  const tag = Object.hasOwn(roleTags, kind) ? roleTags[kind] : undefined;
  return tag === undefined ? null : { tag, value: `/${identifier}` };
}
