import { accountsAccount } from '../../core/account-name.ts';
import { fullId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { readAccess } from '../../store/access.ts';
import type { Sql, TransactionSql } from '../../store/connection.ts';
import { forbidden } from '../answers/refusals.ts';
import { operatorNode } from '../http/operator-node.ts';
import type { MaybeCallerCall } from '../http/route.ts';
import { writeAs } from '../http/write-as.ts';

const rightsResource = fullId(accountsAccount, 'webservice', 'accounts');

/** On behalf of the caller, or of an operator who has no role. Nobody else gets as far as the database. */
export async function accountTransaction<T>(
  call: MaybeCallerCall,
  work: (sql: TransactionSql) => Promise<T>,
  waitMs?: number,
): Promise<T> {
  requireClaim(call);
  const { caller, context } = call;
  if (caller === null) return context.store.writes.transaction(work, waitMs);
  return writeAs(context, caller, work, waitMs);
}

/**
 * A token of the account `!`; or, without a token, a node of the cluster for its operator. A role of any other account has
 * no rights here, whatever a policy there says.
 *
 * @throws Problem `authorization_missing`, `forbidden`
 */
export function requireClaim({ caller, request }: MaybeCallerCall): void {
  if (caller === null && operatorNode(request) === null) {
    throw new Problem('authorization_missing', 'Authorization missing');
  }
  if (caller !== null && caller.account !== accountsAccount) throw forbidden();
}

/** The privilege of a caller; an operator needs none. @throws Problem `forbidden` */
export async function requireRight(
  sql: Sql | TransactionSql,
  { caller }: MaybeCallerCall,
  privilege: string,
): Promise<void> {
  if (caller === null) return;
  const access = await readAccess(sql, caller.roleId, privilege, rightsResource);
  if (!access.allowed) throw forbidden();
}

/** Who holds the rights on accounts by a role must not be able to take them from everybody. */
export function requireMayName(call: MaybeCallerCall, name: string): void {
  if (name === accountsAccount && call.caller !== null) throw forbidden();
}
