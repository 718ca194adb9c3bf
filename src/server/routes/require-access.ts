import type { FullId } from '../../core/ids.ts';
import { readAccess } from '../../store/access.ts';
import type { Sql, TransactionSql } from '../../store/connection.ts';
import { forbidden, RecordNotFound } from '../answers/refusals.ts';

/**
 * The rule of nearly every route: what the caller must not see is not there (404); what it sees without the privilege is
 * forbidden (403); a caller whose role was deleted may nothing (403).
 *
 * @param privilege null: seeing is enough
 * @throws Problem `record_not_found`, `forbidden`
 */
export async function requireAccess(
  sql: Sql | TransactionSql,
  caller: FullId,
  privilege: string | null,
  resourceId: FullId,
): Promise<void> {
  const access = await readAccess(sql, caller, privilege, resourceId);
  if (!access.callerExists) throw forbidden();
  if (!access.visible) throw new RecordNotFound(resourceId);
  if (!access.allowed) throw forbidden();
}
