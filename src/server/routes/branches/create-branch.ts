import { branchJson, ownerOfNew, pathAskedFor, readNewBranch } from '../../../core/branches/branch.ts';
import { branchIdAt, pathIn, policyAt } from '../../../core/branches/names.ts';
import { creationOf } from '../../../core/branches/rows.ts';
import { resourceExists, roleExists } from '../../../store/exists.ts';
import { applyChanges } from '../../../store/policy-changes.ts';
import { RecordExists, RecordNotFound } from '../../answers/refusals.ts';
import { treeRecord } from '../../audit/v2-record.ts';
import { accountOfPath } from '../../http/parameters.ts';
import { anyText, objectOf } from '../../http/route-about.ts';
import type { CallerCall, Route } from '../../http/route.ts';
import { accepted, bodyLine, requireV2, v2Answer, v2Fields } from '../../http/version-2.ts';
import { writePoliciesAs } from '../../http/write-as.ts';
import { branchSchema, headerMissing, v2Content, without } from './branch-about.ts';
import { requireBranch, requireParent } from './branch-access.ts';

/** `POST /branches/:account`: a new, empty branch, as a policy load of its parent would make it. */
export const createBranchRoute: Route = {
  method: 'POST',
  url: '/branches/:account',
  effect: 'write',
  token: 'required',
  about: {
    summary: 'A new branch; the caller has `create` on the branch that it goes into.',
    group: 'Branches',
    body: v2Content(
      'Its name, the path of its parent (`/` for the first level), and, if wanted, owner and annotations.',
      objectOf(
        {
          name: anyText,
          branch: anyText,
          owner: objectOf({ kind: anyText, id: anyText }),
          annotations: { type: 'object', additionalProperties: anyText },
        },
        ['owner', 'annotations'],
      ),
    ),
    answers: {
      201: v2Content('The branch.', branchSchema),
      400: headerMissing,
      404: `The parent: ${without} Or there is no such owner.`,
      409: 'There is such a branch already, or a policy load is under way (then with Retry-After).',
      422: 'A field is missing, not known, or wrong.',
    },
  },
  checksCaller: true,
  handle: async (call) => {
    requireV2(call.request);
    const account = accountOfPath(call.request);
    const asked = accepted(readNewBranch(v2Fields(call.request)));
    const path = pathIn(asked.branch, asked.name);
    const parent = { account, path: asked.branch };
    const branch = {
      id: policyAt(account, path),
      ownerId: ownerOfNew(account, asked),
      policyId: policyAt(account, asked.branch),
      annotations: Object.fromEntries(asked.annotations),
    };
    await writePoliciesAs(call.context, call.caller, account, async (sql) => {
      await requireBranch(sql, call.caller.roleId, 'create', parent);
      const taken = (await resourceExists(sql, branch.id)) || (await roleExists(sql, branch.id));
      if (taken) throw new RecordExists('Branch', branchIdAt(account, path));
      if (!(await roleExists(sql, branch.ownerId))) throw new RecordNotFound(branch.ownerId);
      await requireParent(sql, parent);
      await applyChanges(sql, creationOf(branch, asked.annotations));
    });
    return v2Answer(branchJson(branch), 201);
  },
  audit: (call, failure) => [
    treeRecord(call, {
      type: 'branch',
      operation: 'create',
      name: pathIfReadable(call),
      body: bodyLine(call.request),
      failure,
    }),
  ],
};

function pathIfReadable({ request }: CallerCall): string {
  try {
    return pathAskedFor(v2Fields(request));
  } catch {
    return '';
  }
}
