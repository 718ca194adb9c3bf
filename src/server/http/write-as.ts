import { type CallerRole, holdCaller } from '../../store/access.ts';
import type { TransactionSql } from '../../store/connection.ts';
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
