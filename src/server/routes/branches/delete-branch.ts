import { identifierOfPath, isRootPath } from '../../../core/branches/names.ts';
import { removalOf } from '../../../core/branches/rows.ts';
import { Problem } from '../../../core/problem.ts';
import { branchContents } from '../../../store/branches.ts';
import { applyChanges } from '../../../store/policy-changes.ts';
import { emptyAnswer } from '../../answers/answer.ts';
import { RecordNotFound } from '../../answers/refusals.ts';
import { treeRecord } from '../../audit/v2-record.ts';
import { pathPart } from '../../http/parameters.ts';
import type { Route } from '../../http/route.ts';
import { requireV2 } from '../../http/version-2.ts';
import { writePoliciesAs } from '../../http/write-as.ts';
import { requireRootStays } from '../root-stays.ts';
import { headerMissing, without } from './branch-about.ts';
import { branchPathOf, requireBranch, requireParent } from './branch-access.ts';

/** A branch may hold as much as a policy; its bound is that of a load. */
const deletionWaitMs = 30_000;

/**
 * `DELETE /branches/:account/:path`: the branch and all that is in it. One thing in it that the caller has no `update` on
 * keeps all of it.
 */
export const deleteBranchRoute: Route = {
  method: 'DELETE',
  url: '/branches/:account/*',
  effect: 'write',
  token: 'required',
  about: {
    summary: 'Deletes a branch with all that is in it; the caller has `update` on each of it.',
    group: 'Branches',
    answers: {
      204: 'Deleted.',
      400: headerMissing,
      404: `${without} Or something in it that the caller has no \`update\` on. The root stays.`,
      409: 'A policy load is under way; Retry-After says when to try again.',
      422: 'The root belongs to a role in the branch, and would go along.',
    },
  },
  checksCaller: true,
  handle: async (call) => {
    requireV2(call.request);
    const at = branchPathOf(call);
    const caller = call.caller.roleId;
    await writePoliciesAs(
      call.context,
      call.caller,
      at.account,
      async (sql) => {
        await requireBranch(sql, caller, 'update', at);
        if (isRootPath(at.path)) throw new Problem('record_not_found', 'The root branch cannot be deleted.');
        await requireParent(sql, at);
        const contents = await branchContents(sql, caller, {
          account: at.account,
          identifier: identifierOfPath(at.path),
        });
        const kept = contents.find(({ mayUpdate }) => !mayUpdate);
        if (kept !== undefined) throw new RecordNotFound(kept.id);
        const ids = contents.map(({ id }) => id);
        await requireRootStays(sql, at.account, ids);
        await applyChanges(sql, removalOf(ids));
      },
      deletionWaitMs,
    );
    return emptyAnswer(204);
  },
  audit: (call, failure) => [
    treeRecord(call, {
      type: 'branch',
      operation: 'remove',
      name: pathPart(call.request, '*'),
      body: null,
      failure,
    }),
  ],
};
