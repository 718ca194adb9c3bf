import { branchJson, namedRoleId, readBranchUpdate } from '../../../core/branches/branch.ts';
import { branchIdAt, policyAt } from '../../../core/branches/names.ts';
import { updateOf } from '../../../core/branches/rows.ts';
import { readBranch } from '../../../store/branches.ts';
import { roleExists } from '../../../store/exists.ts';
import { applyChanges } from '../../../store/policy-changes.ts';
import { RecordNotFound } from '../../answers/refusals.ts';
import { treeRecord } from '../../audit/v2-record.ts';
import { pathPart } from '../../http/parameters.ts';
import { anyText, objectOf } from '../../http/route-about.ts';
import type { Route } from '../../http/route.ts';
import { accepted, bodyLine, refuse, requireV2, v2Answer, v2Fields } from '../../http/version-2.ts';
import { writePoliciesAs } from '../../http/write-as.ts';
import { branchSchema, headerMissing, v2Content, without } from './branch-about.ts';
import { branchPathOf, requireBranch, requireParent } from './branch-access.ts';

/** `PATCH /branches/:account/:path`: another owner, more annotations or other values; nothing is taken away. */
export const updateBranchRoute: Route = {
  method: 'PATCH',
  url: '/branches/:account/*',
  effect: 'write',
  token: 'required',
  about: {
    summary: 'Another owner, new or changed annotations; the caller has `read` and `update` on the branch.',
    group: 'Branches',
    body: v2Content(
      'What changes.',
      objectOf(
        {
          owner: objectOf({ kind: anyText, id: anyText }),
          annotations: { type: 'object', additionalProperties: anyText },
        },
        ['owner', 'annotations'],
      ),
    ),
    answers: {
      200: v2Content('The branch as it is now.', branchSchema),
      400: headerMissing,
      404: `${without} Or there is no such owner.`,
      409: 'A policy load is under way; Retry-After says when to try again.',
      422: 'A field is not known, or wrong.',
    },
  },
  checksCaller: true,
  handle: async (call) => {
    requireV2(call.request);
    const at = branchPathOf(call);
    const id = policyAt(at.account, at.path);
    const asked = readBranchUpdate(v2Fields(call.request));
    refuse(asked.fault);
    const branch = await writePoliciesAs(call.context, call.caller, at.account, async (sql) => {
      await requireBranch(sql, call.caller.roleId, 'read', at);
      await requireBranch(sql, call.caller.roleId, 'update', at);
      const { owner, annotations } = accepted(asked.read());
      const ownerId = owner === null ? null : namedRoleId(at.account, owner);
      if (ownerId !== null && !(await roleExists(sql, ownerId))) throw new RecordNotFound(ownerId);
      await requireParent(sql, at);
      const before = await readBranch(sql, id);
      if (before === null) throw new RecordNotFound(branchIdAt(at.account, at.path));
      await applyChanges(sql, updateOf(before, ownerId ?? before.ownerId, annotations));
      return readBranch(sql, id);
    });
    if (branch === null) throw new RecordNotFound(branchIdAt(at.account, at.path));
    return v2Answer(branchJson(branch));
  },
  audit: (call, failure) => [
    treeRecord(call, {
      type: 'branch',
      operation: 'update',
      name: pathPart(call.request, '*'),
      body: bodyLine(call.request),
      failure,
    }),
  ],
};
