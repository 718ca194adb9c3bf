import { type FullId, identifierOf, kindOf } from '../../core/ids.ts';
import type { Change, Plan } from '../../core/policy/types.ts';
import { readAccess } from '../../store/access.ts';
import type { Sql } from '../../store/connection.ts';
import type { PolicyRefused } from '../answers/refusals.ts';

type Item = Readonly<Record<string, unknown>>;
type Of<T extends Change['table'], O extends Change['op']> = Extract<Change, { table: T; op: O }>;

/**
 * The answer to a dry run: what the plan would create and delete, row by row gathered under the ids they belong to. Rows
 * that change in place are named by id alone, before and after.
 */
export async function dryRunAnswer(sql: Sql, caller: FullId, plan: Plan): Promise<unknown> {
  const created = idsOf(plan, 'insert');
  const deleted = idsOf(plan, 'delete');
  const updated = changedIds(plan).filter((id) => !created.includes(id) && !deleted.includes(id));
  return {
    status: 'Valid YAML',
    created: { items: created.map((id) => createdItem(plan, id)) },
    updated: {
      before: { items: await named(sql, caller, updated) },
      after: { items: await named(sql, caller, updated) },
    },
    deleted: { items: await named(sql, caller, deleted) },
  };
}

/** The answer to a dry run of a text that cannot be loaded. */
export function dryRunRefusal(refusal: PolicyRefused, policyId: FullId, text: string): unknown {
  const { line, column } = refusal.at ?? { line: 0, column: 0 };
  const offending = text.split('\n').slice(Math.max(0, line - 2), line + 1);
  return {
    status: 'Invalid YAML',
    errors: [
      { line, column, message: refusal.bare, context: { policy_id: policyId, offending_lines: offending } },
    ],
  };
}

function createdItem(plan: Plan, id: FullId): Item {
  const inserts = plan.changes.filter((change) => change.op === 'insert');
  const resource = inserts.find(
    (change): change is Of<'resources', 'insert'> =>
      change.table === 'resources' && change.op === 'insert' && change.resourceId === id,
  );
  const permitted = inserts.filter(
    (change): change is Of<'permissions', 'insert'> =>
      change.table === 'permissions' && change.op === 'insert' && change.resourceId === id,
  );
  const annotations = inserts.filter(
    (change): change is Of<'annotations', 'insert'> =>
      change.table === 'annotations' && change.op === 'insert' && change.resourceId === id,
  );
  return {
    identifier: identifierOf(id),
    id,
    type: kindOf(id),
    owner: resource?.ownerId ?? null,
    policy: resource?.policyId ?? null,
    permitted: Object.fromEntries(
      [...new Set(permitted.map(({ privilege }) => privilege))].map((privilege) => [
        privilege,
        permitted.filter((row) => row.privilege === privilege).map(({ roleId }) => roleId),
      ]),
    ),
    annotations: Object.fromEntries(annotations.map(({ name, value }) => [name, value])),
    ...memberFields(plan, id, inserts),
  };
}

/** What only roles have. */
function memberFields(plan: Plan, id: FullId, inserts: readonly Change[]): Item {
  if (!inserts.some((change) => change.table === 'roles' && change.roleId === id)) return {};
  const grants = inserts.filter(
    (change): change is Of<'role_memberships', 'insert'> =>
      change.table === 'role_memberships' && change.op === 'insert',
  );
  const restrictedTo = plan.createdRoles.find(({ roleId }) => roleId === id)?.restrictedTo;
  return {
    members: grants.filter(({ roleId }) => roleId === id).map(({ memberId }) => memberId),
    memberships: grants.filter(({ memberId }) => memberId === id).map(({ roleId }) => roleId),
    ...(restrictedTo === undefined ? {} : { restricted_to: restrictedTo }),
  };
}

/** The ids of things that are there already; what the caller cannot see is not named. */
async function named(sql: Sql, caller: FullId, ids: readonly FullId[]): Promise<readonly Item[]> {
  return Promise.all(
    ids.map(async (id) => {
      const { visible } = await readAccess(sql, caller, null, id);
      const shown = visible ? id : `${id.split(':', 2).join(':')}:[REDACTED]`;
      return { identifier: shown.split(':').slice(2).join(':'), id: shown, type: kindOf(id) };
    }),
  );
}

/** The roles and resources that the plan inserts or deletes. */
function idsOf(plan: Plan, op: 'insert' | 'delete'): readonly FullId[] {
  const ids = plan.changes.flatMap((change) => {
    if (change.op !== op) return [];
    if (change.table === 'roles') return [change.roleId];
    return change.table === 'resources' ? [change.resourceId] : [];
  });
  return [...new Set(ids)];
}

/** The things that other rows of the plan belong to. */
function changedIds(plan: Plan): readonly FullId[] {
  return [
    ...new Set(plan.changes.map((change) => ('resourceId' in change ? change.resourceId : change.roleId))),
  ];
}
