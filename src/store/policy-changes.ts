import type { Change } from '../core/policy/types.ts';
import type { TransactionSql } from './connection.ts';
import { inChunks } from './policy-chunks.ts';

/**
 * Applies the planner's changes in their order. Neighbours with the same table and operation go together: a load
 * of thousands of rows is a dozen or two of statements.
 */
export async function applyChanges(sql: TransactionSql, changes: readonly Change[]): Promise<void> {
  await sql`select set_config('holdfast.search_later', 'on', true)`;
  for (const run of inRuns(changes)) {
    for (const chunk of inChunks(run)) {
      const [first] = chunk;
      if (first !== undefined)
        await statementFor(sql, first, sql.json(chunk.map((change) => ({ ...change }))));
    }
  }
  for (const chunk of inChunks(searchedIds(changes))) {
    await sql`select refresh_textsearch(${sql.json([...chunk])})`;
  }
  await sql`select set_config('holdfast.search_later', 'off', true)`;
}

/** The resources whose text search has to be made anew: new ones, and those with other annotations. */
function searchedIds(changes: readonly Change[]): readonly string[] {
  const ids = new Set<string>();
  for (const change of changes) {
    if (change.table === 'annotations' || (change.table === 'resources' && change.op === 'insert')) {
      ids.add(change.resourceId);
    }
  }
  return [...ids];
}

/** The list cut where table or operation changes. */
function inRuns(changes: readonly Change[]): readonly (readonly Change[])[] {
  const runs: Change[][] = [];
  for (const change of changes) {
    const run = runs.at(-1);
    const [first] = run ?? [];
    if (run !== undefined && first?.op === change.op && first.table === change.table) run.push(change);
    else runs.push([change]);
  }
  return runs;
}

type Rows = ReturnType<TransactionSql['json']>;

function statementFor(sql: TransactionSql, change: Change, rows: Rows): PromiseLike<unknown> {
  switch (change.table) {
    case 'roles':
      return change.op === 'insert'
        ? sql`insert into roles (role_id, policy_id)
            select "roleId", "policyId" from jsonb_to_recordset(${rows}) as r("roleId" text, "policyId" text)`
        : sql`delete from roles t using jsonb_to_recordset(${rows}) as r("roleId" text)
            where t.role_id = r."roleId" collate "C"`;
    case 'resources':
      return resources(sql, change.op, rows);
    case 'role_memberships':
      return memberships(sql, change.op, rows);
    case 'permissions':
      return change.op === 'insert'
        ? sql`insert into permissions (resource_id, role_id, privilege, policy_id)
            select "resourceId", "roleId", privilege, "policyId" from jsonb_to_recordset(${rows})
              as r("resourceId" text, "roleId" text, privilege text, "policyId" text)`
        : sql`delete from permissions t
            using jsonb_to_recordset(${rows}) as r("resourceId" text, "roleId" text, privilege text)
            where t.resource_id = r."resourceId" collate "C" and t.role_id = r."roleId" collate "C"
              and t.privilege = r.privilege collate "C"`;
    case 'annotations':
      return annotations(sql, change.op, rows);
    case 'credentials':
      return sql`update credentials t set updated_at = transaction_timestamp(), restricted_to = (
            select coalesce(array_agg(value::cidr), '{}') from jsonb_array_elements_text(r."restrictedTo"))
          from jsonb_to_recordset(${rows}) as r("roleId" text, "restrictedTo" jsonb)
          where t.role_id = r."roleId" collate "C"`;
  }
}

function resources(sql: TransactionSql, op: Change['op'], rows: Rows): PromiseLike<unknown> {
  switch (op) {
    case 'insert':
      return sql`insert into resources (resource_id, owner_id, policy_id)
        select "resourceId", "ownerId", "policyId" from jsonb_to_recordset(${rows})
          as r("resourceId" text, "ownerId" text, "policyId" text)`;
    case 'update':
      return sql`update resources t set owner_id = r."ownerId"
        from jsonb_to_recordset(${rows}) as r("resourceId" text, "ownerId" text)
        where t.resource_id = r."resourceId" collate "C"`;
    case 'delete':
      return sql`delete from resources t using jsonb_to_recordset(${rows}) as r("resourceId" text)
        where t.resource_id = r."resourceId" collate "C"`;
  }
}

function memberships(sql: TransactionSql, op: Change['op'], rows: Rows): PromiseLike<unknown> {
  switch (op) {
    case 'insert':
      return sql`insert into role_memberships (role_id, member_id, admin_option, ownership, policy_id)
        select "roleId", "memberId", "adminOption", ownership, "policyId" from jsonb_to_recordset(${rows})
          as r("roleId" text, "memberId" text, "adminOption" boolean, ownership boolean, "policyId" text)`;
    case 'update':
      return sql`update role_memberships t set admin_option = r."adminOption"
        from jsonb_to_recordset(${rows})
          as r("roleId" text, "memberId" text, "adminOption" boolean, ownership boolean)
        where t.role_id = r."roleId" collate "C" and t.member_id = r."memberId" collate "C"
          and t.ownership = r.ownership`;
    case 'delete':
      return sql`delete from role_memberships t
        using jsonb_to_recordset(${rows}) as r("roleId" text, "memberId" text, ownership boolean)
        where t.role_id = r."roleId" collate "C" and t.member_id = r."memberId" collate "C"
          and t.ownership = r.ownership`;
  }
}

function annotations(sql: TransactionSql, op: Change['op'], rows: Rows): PromiseLike<unknown> {
  switch (op) {
    case 'insert':
      return sql`insert into annotations (resource_id, name, value, policy_id)
        select "resourceId", name, value, "policyId" from jsonb_to_recordset(${rows})
          as r("resourceId" text, name text, value text, "policyId" text)`;
    case 'update':
      return sql`update annotations t set value = r.value
        from jsonb_to_recordset(${rows}) as r("resourceId" text, name text, value text)
        where t.resource_id = r."resourceId" collate "C" and t.name = r.name collate "C"`;
    case 'delete':
      return sql`delete from annotations t using jsonb_to_recordset(${rows}) as r("resourceId" text, name text)
        where t.resource_id = r."resourceId" collate "C" and t.name = r.name collate "C"`;
  }
}
