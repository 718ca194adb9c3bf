import { checkTrail, type CheckedTrail } from '../../core/audit/check-trail.ts';
import type { JudgeSignature } from '../../core/audit/checkpoint.ts';
import type { ExportedRow } from '../../core/audit/exported.ts';
import { sha256 } from '../audit-chain.ts';
import { readCheckpoints } from '../audit-checkpoints.ts';
import { exportedRows } from '../audit-export.ts';
import { readChains } from '../audit-rows.ts';
import type { Sql, TransactionSql } from '../connection.ts';

export type TrailReport = Omit<CheckedTrail, 'unchained'>;

const rowsAtOnce = 5000;
const mostCheckpoints = 1_000_000;

/** Checks the trail of a database as it stands now, in one snapshot. What has no chain is not counted. */
export async function verifyTrail(sql: Sql, judge: JudgeSignature): Promise<TrailReport> {
  return sql.begin('isolation level repeatable read read only', async (tx) => {
    const chains = await readChains(tx);
    const checkpoints = await readCheckpoints(tx, { chain: 0, seq: 0, limit: mostCheckpoints });
    const trail = { chains, checkpoints, pages: pagesOf(tx), chainsAfter: async () => chains };
    const { unchained, records, ...checked } = await checkTrail(trail, { digest: sha256, judge });
    return { ...checked, records: records - unchained };
  });
}

async function* pagesOf(tx: TransactionSql): AsyncGenerator<readonly ExportedRow[], void> {
  for (let after = 0n; ; ) {
    const rows = await exportedRows(tx, { after, limit: rowsAtOnce }, null);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = last.id;
  }
}
