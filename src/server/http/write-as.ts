import { type CallerRole, holdCaller } from '../../store/access.ts';
import type { TransactionSql } from '../../store/connection.ts';
import { holdOffPolicies, lockPolicies } from '../../store/policy-versions.ts';
import { forbidden } from '../answers/refusals.ts';
import type { ServerContext } from '../context.ts';

/**
 * A transaction on behalf of a caller, whose role nobody can delete before it ends: what a deleted role asked for is
 * either committed before its deletion, or refused.
 *
 * @throws Problem `forbidden` when the role is no more; and what `Writes.transaction` throws
 */
export function writeAs<T>(
  context: ServerContext,
  caller: CallerRole,
  work: (sql: TransactionSql) => Promise<T>,
  waitMs?: number,
): Promise<T> {
  return context.store.writes.transaction(async (sql) => {
    if (!(await holdCaller(sql, caller))) throw forbidden();
    return work(sql);
  }, waitMs);
}

/**
 * As `writeAs`, for work that changes roles or memberships of an account without a policy: policy loads, which are planned
 * from such rows, are kept out until it ends. They are kept out first, because a load that holds its lock and deletes the
 * caller would wait for this transaction, and this one for the load.
 *
 * @throws Problem `policy_busy`; and what `writeAs` throws
 */
export function writeRolesAs<T>(
  context: ServerContext,
  caller: CallerRole,
  account: string,
  work: (sql: TransactionSql) => Promise<T>,
): Promise<T> {
  return context.store.writes.transaction(async (sql) => {
    await holdOffPolicies(sql, account);
    if (!(await holdCaller(sql, caller))) throw forbidden();
    return work(sql);
  });
}

/**
 * As `writeAs`, for work that is planned as a policy load is, from the rows of an account: no other load of it is under
 * way. In the order of `writeRolesAs`, for its reason.
 *
 * @throws Problem `policy_busy`; and what `writeAs` throws
 */
export function writePoliciesAs<T>(
  context: ServerContext,
  caller: CallerRole,
  account: string,
  work: (sql: TransactionSql) => Promise<T>,
  waitMs?: number,
): Promise<T> {
  return context.store.writes.transaction(async (sql) => {
    await lockPolicies(sql, account);
    if (!(await holdCaller(sql, caller))) throw forbidden();
    return work(sql);
  }, waitMs);
}
