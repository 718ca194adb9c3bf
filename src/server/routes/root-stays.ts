import { type FullId, fullId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import type { TransactionSql } from '../../store/connection.ts';
import { readDependents } from '../../store/policy-rows.ts';

/**
 * What a deleted role owns goes with it, wherever it lies: all but the root, which holds the whole account.
 *
 * @throws Problem `content_unprocessable`
 */
export async function requireRootStays(
  sql: TransactionSql,
  account: string,
  doomed: readonly FullId[],
): Promise<void> {
  const root = fullId(account, 'policy', 'root');
  const gone = await readDependents(sql, doomed);
  if (!gone.some(({ id }) => id === root)) return;
  throw new Problem(
    'content_unprocessable',
    'The root policy belongs to a role in what is to be deleted: give it another owner first.',
  );
}
