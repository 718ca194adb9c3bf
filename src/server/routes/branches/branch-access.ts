import { branchIdAt, branchOf, isRootPath, policyAt } from '../../../core/branches/names.ts';
import type { FullId } from '../../../core/ids.ts';
import { readAccess } from '../../../store/access.ts';
import type { Sql, TransactionSql } from '../../../store/connection.ts';
import { resourceExists } from '../../../store/exists.ts';
import { forbidden, RecordNotFound } from '../../answers/refusals.ts';
import { accountOfPath, noRoute, pathPart } from '../../http/parameters.ts';
import type { CallerCall } from '../../http/route.ts';

/** The branch that a URL names. */
export interface BranchPath {
  readonly account: string;
  readonly path: string;
}

/** @throws Problem `route_not_found` */
export function branchPathOf({ request }: CallerCall): BranchPath {
  const path = pathPart(request, '*').replace(/\/+$/, '');
  if (path === '') throw noRoute();
  return { account: accountOfPath(request), path };
}

/**
 * In version 2 a branch without the privilege is not there: it is 404 whether it is invisible or forbidden.
 *
 * @throws Problem `record_not_found`; `forbidden` when the caller's role is no more
 */
export async function requireBranch(
  sql: Sql | TransactionSql,
  caller: FullId,
  privilege: 'create' | 'read' | 'update',
  { account, path }: BranchPath,
): Promise<void> {
  const access = await readAccess(sql, caller, privilege, policyAt(account, path));
  if (!access.callerExists) throw forbidden();
  if (!access.allowed) throw new RecordNotFound(branchIdAt(account, path));
}

/** A policy whose parent is no policy is no branch. @throws Problem `record_not_found` */
export async function requireParent(sql: Sql | TransactionSql, { account, path }: BranchPath): Promise<void> {
  if (isRootPath(path)) return;
  const parent = branchOf(path.replace(/^\//, ''));
  if (await resourceExists(sql, policyAt(account, parent))) return;
  throw new RecordNotFound(branchIdAt(account, parent));
}
