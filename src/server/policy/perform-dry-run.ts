import { type FullId, identifierOf } from '../../core/ids.ts';
import { explainFault } from '../../core/policy/explain-fault.ts';
import { deletedIds, newEdges, preview, touchedIds } from '../../core/policy/preview.ts';
import type { PreviewRows, PreviewState } from '../../core/policy/preview-rows.ts';
import type { Plan } from '../../core/policy/types.ts';
import { callerExists } from '../../store/access.ts';
import type { TransactionSql } from '../../store/connection.ts';
import type { LoaderStore } from '../../store/loader-store.ts';
import { readNeighbours, readPreviewRows } from '../../store/policy-preview-rows.ts';
import { reachedRoles, visibleAmong } from '../../store/policy-visibility.ts';
import { forbidden, PolicyRefused } from '../answers/refusals.ts';
import type { JobAnswer, LoadJob } from './job.ts';
import { jsonBody } from './json-body.ts';
import { planned, requireLoad } from './perform-load.ts';
import { readPolicyText } from './policy-text.ts';

/**
 * Says what a load would change: the plan of a load that nobody carries out.
 *
 * @throws Problem, as a client is told it; a refused text is an answer here
 */
export async function performDryRun(store: LoaderStore, job: LoadJob): Promise<JobAnswer> {
  return store.snapshots.run(async (sql) => {
    if (!(await callerExists(sql, job.caller))) throw forbidden();
    await requireLoad(sql, job);
    try {
      const plan = await planned(sql, job, readPolicyText(job.text));
      return jsonBody(200, await told(sql, job.caller.roleId, plan));
    } catch (error) {
      if (error instanceof PolicyRefused) return refused(job.policyId, error);
      throw error;
    }
  });
}

async function told(sql: TransactionSql, caller: FullId, plan: Plan): Promise<unknown> {
  const neighbours = await readNeighbours(sql, deletedIds(plan));
  const ids = new Set([...touchedIds(plan), ...neighbours]);
  const rows = await readPreviewRows(sql, ids);
  const reached = await reachedRoles(sql, caller, newEdges(plan));
  const visible = await visibleAmong(sql, reached, mentionedIds(ids, rows));
  const sees = (id: FullId, after: PreviewState): boolean => {
    if (visible.has(id) || id === caller) return true; // nobody is a stranger to oneself
    const row = after.resources.get(id);
    if (row === undefined) return false;
    if (reached.has(row.ownerId)) return true;
    return after.permissions
      .on(id)
      .some(({ resourceId, roleId }) => resourceId === id && reached.has(roleId));
  };
  const { created, before, after, deleted } = preview(plan, ids, rows, sees);
  return {
    status: 'Valid YAML',
    created: { items: created },
    updated: { before: { items: before }, after: { items: after } },
    deleted: { items: deleted },
  };
}

/** Every id that an item may name. */
function mentionedIds(ids: ReadonlySet<FullId>, rows: PreviewRows): ReadonlySet<FullId> {
  const mentioned = new Set(ids);
  for (const { ownerId, policyId } of rows.resources) {
    mentioned.add(ownerId);
    if (policyId !== null) mentioned.add(policyId);
  }
  for (const { roleId, memberId } of rows.memberships) mentioned.add(roleId).add(memberId);
  for (const { resourceId, roleId } of rows.permissions) mentioned.add(resourceId).add(roleId);
  return mentioned;
}

function refused(policyId: FullId, refusal: PolicyRefused): JobAnswer {
  const { line, column } = refusal.at ?? { line: null, column: null };
  const context = { policy_id: identifierOf(policyId), offending_lines: line === null ? [] : [line] };
  const message = `${refusal.bare}\n${explainFault(refusal.bare)}`;
  return jsonBody(422, { status: 'Invalid YAML', errors: [{ line, column, message, context }] });
}
