import type { FullId } from '../core/ids.ts';
import type { Sql, TransactionSql } from './connection.ts';

/** Whether there is a resource of this id, visible or not. */
export async function resourceExists(sql: Sql | TransactionSql, id: FullId): Promise<boolean> {
  const rows = await sql`select from resources where resource_id = ${id}`;
  return rows.length > 0;
}

/** Whether there is one of these resources, visible or not. */
export async function anyResourceExists(sql: Sql | TransactionSql, ids: readonly FullId[]): Promise<boolean> {
  const rows = await sql`select from resources
    where resource_id in (select value collate "C" from jsonb_array_elements_text(${sql.json([...ids])})) limit 1`;
  return rows.length > 0;
}

/** Whether there is a role of this id. */
export async function roleExists(sql: Sql | TransactionSql, id: FullId): Promise<boolean> {
  const rows = await sql`select from roles where role_id = ${id}`;
  return rows.length > 0;
}
