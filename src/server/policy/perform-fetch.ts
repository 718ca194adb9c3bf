import { effectivePolicy } from '../../core/policy/effective.ts';
import { policyJson, policyYaml } from '../../core/policy/write-policy.ts';
import type { FullId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { callerExists } from '../../store/access.ts';
import type { TransactionSql } from '../../store/connection.ts';
import type { LoaderStore } from '../../store/loader-store.ts';
import { readEffectiveRows } from '../../store/policy-effective-rows.ts';
import { reachedRoles, visibleAmong } from '../../store/policy-visibility.ts';
import { forbidden, RecordNotFound } from '../answers/refusals.ts';
import type { FetchJob, JobAnswer } from './job.ts';

/**
 * Writes down a policy as it is in force, as far as the caller sees it.
 *
 * @throws Problem `record_not_found`, `forbidden` for whoever does not own the policy, `content_unprocessable` when it has
 * more rows than are asked for
 */
export async function performFetch(store: LoaderStore, job: FetchJob): Promise<JobAnswer> {
  const { policyId, depth, limit, form } = job;
  return store.snapshots.run(async (sql) => {
    if (!(await callerExists(sql, job.caller))) throw forbidden();
    const reached = await reachedRoles(sql, job.caller.roleId, []);
    await requireOwnership(sql, reached, policyId);
    const reading = await readEffectiveRows(sql, store.dataKey, { policyId, reached, depth, limit });
    if (!reading.ok) {
      throw new Problem(
        'content_unprocessable',
        `limit: the policy has more than ${limit} resources, annotations and permissions; fetch a policy in it, or ask for less depth`,
      );
    }
    const statements = effectivePolicy({ policyId, rootOwnerId: reading.rootOwnerId, depth }, reading.rows);
    const text = form === 'json' ? policyJson(statements) : policyYaml(statements);
    const contentType = form === 'json' ? 'application/json' : 'application/x-yaml';
    return {
      status: 200,
      contentType: `${contentType}; charset=utf-8`,
      body: new TextEncoder().encode(text),
    };
  });
}

async function requireOwnership(
  sql: TransactionSql,
  reached: ReadonlySet<FullId>,
  policyId: FullId,
): Promise<void> {
  const [policy] = await sql<{ owner_id: FullId }[]>`
    select owner_id from resources where resource_id = ${policyId}`;
  if (policy !== undefined && reached.has(policy.owner_id)) return;
  const visible = await visibleAmong(sql, reached, new Set([policyId]));
  throw visible.has(policyId) ? forbidden() : new RecordNotFound(policyId);
}
