import { Problem } from '../core/problem.ts';
import { bounded } from './bounded.ts';
import type { InstanceAddress, TransactionSql } from './connection.ts';
import { Link } from './link.ts';
import { reread } from './reread.ts';
import { translateStoreError } from './translate.ts';

/** Long reads: several statements that see the database in one instant. */
export interface Snapshots {
  /**
   * Runs `work` in one read-only snapshot, at most `snapshotWaitMs` long; again, when replication cancels it (`reread`).
   *
   * @throws Problem `store_unavailable`, `server_busy`, `store_rejected`
   */
  readonly run: <T>(work: (sql: TransactionSql) => Promise<T>) => Promise<T>;
  readonly end: () => Promise<void>;
}

const statementTimeoutMs = 20_000;
const snapshotWaitMs = 30_000;

/** Opens one link for snapshots. Manual 13.2.2: `repeatable read` sees what was committed before its first statement. */
export function openSnapshots(address: InstanceAddress): Snapshots {
  const link = new Link(address, {
    name: 'holdfast snapshot',
    session: { statement_timeout: statementTimeoutMs, default_transaction_read_only: true, jit: false },
  });
  const late = (): Problem =>
    new Problem('store_unavailable', `The database of this node did not answer within ${snapshotWaitMs} ms.`);
  return {
    run: async (work) => {
      try {
        const reading = reread(() =>
          link.use((sql) =>
            sql.begin('isolation level repeatable read read only', async (tx) => ({ value: await work(tx) })),
          ),
        );
        const { value } = await bounded(reading, snapshotWaitMs, late);
        return value;
      } catch (error) {
        throw translateStoreError(error);
      }
    },
    end: () => link.end(),
  };
}
