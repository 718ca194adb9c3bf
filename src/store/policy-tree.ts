import type { FullId } from '../core/ids.ts';
import type { TransactionSql } from './connection.ts';
import { readDependents } from './policy-rows.ts';

/** Deletes a policy with everything that it owns or has made. The transaction must hold `lockPolicies`. */
export async function deletePolicyTree(sql: TransactionSql, policyId: FullId): Promise<void> {
  const dependents = await readDependents(sql, [policyId]);
  const ids = sql.json([...new Set([policyId, ...dependents.map(({ id }) => id)])]);
  await sql`delete from resources
    where resource_id in (select value collate "C" from jsonb_array_elements_text(${ids}))`;
  await sql`delete from roles where role_id in (select value collate "C" from jsonb_array_elements_text(${ids}))`;
}
