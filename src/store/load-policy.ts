import type { FullId } from '../core/ids.ts';
import { plan } from '../core/policy/plan.ts';
import { doomed, needed } from '../core/policy/plan-needed.ts';
import { resolve } from '../core/policy/resolve.ts';
import type { HostRules } from '../core/policy/resolve-records.ts';
import type { LoadMode, Plan, PolicyFault, Statement } from '../core/policy/types.ts';
import type { DataKey } from './cipher.ts';
import type { Sql, TransactionSql } from './connection.ts';
import { applyChanges } from './policy-changes.ts';
import { createAllCredentials, type NewRole } from './policy-credentials.ts';
import { writePublicKeys } from './policy-public-keys.ts';
import { readCurrent, readDependents } from './policy-rows.ts';

export type LoadPlan =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly fault: PolicyFault };

/**
 * What a load would change. The same for a dry run and for a load; inside a load's transaction nothing can change between
 * this and `applyPlan`, since loads come one at a time.
 */
export async function planLoad(
  sql: Sql | TransactionSql,
  load: {
    readonly policyId: FullId;
    readonly mode: LoadMode;
    readonly statements: readonly Statement[];
    readonly rules: HostRules;
  },
): Promise<LoadPlan> {
  const { policyId, mode, statements, rules } = load;
  const [policy] = await sql<{ owner_id: FullId }[]>`
    select owner_id from resources where resource_id = ${policyId}`;
  const resolution = resolve(statements, { policyId, ownerId: policy?.owner_id ?? policyId, rules });
  if (!resolution.ok) return resolution;
  const { resolved } = resolution;
  const current = await readCurrent(sql, policyId, needed(resolved));
  const dependents = await readDependents(sql, doomed(resolved, current, mode));
  return { ok: true, plan: plan(resolved, { ...current, dependents }, mode) };
}

/** Carries out a plan without refusals. */
export async function applyPlan(
  sql: TransactionSql,
  dataKey: DataKey,
  accepted: Plan,
): Promise<readonly NewRole[]> {
  await applyChanges(sql, accepted.changes);
  const created = await createAllCredentials(sql, dataKey, accepted.createdRoles);
  await writePublicKeys(sql, dataKey, accepted.publicKeys);
  return created;
}
