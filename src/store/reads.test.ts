import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isProblem } from '../core/problem.ts';
import type { Sql, TransactionSql } from './connection.ts';
import { openReads, type Reads } from './reads.ts';
import { openSnapshots, type Snapshots } from './snapshots.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './testing/temporary-postgres.ts';

describe('reads that replication cancels', { timeout: 40_000 }, () => {
  let postgres: TemporaryPostgres;
  let reads: Reads;
  let snapshots: Snapshots;
  before(async () => {
    postgres = await startTemporaryPostgres();
    reads = openReads(postgres.address);
    snapshots = openSnapshots(postgres.address);
  });
  after(async () => {
    await Promise.all([reads.end(), snapshots.end()]);
    await postgres.stop();
  });

  /** Fails as a statement does that is in the way of recovery, the first `times` times; and says how often it was done. */
  const cancelled = (times: number) => {
    let done = 0;
    return async (sql: Sql | TransactionSql): Promise<number> => {
      done += 1;
      if (done <= times) await sql.unsafe(`do $$ begin raise exception sqlstate '40001'; end $$`);
      const [row] = await sql<{ done: number }[]>`select ${done}::int as done`;
      return row?.done ?? 0;
    };
  };

  it('are done again', async () => {
    assert.equal(await reads.run(cancelled(1)), 2);
    assert.equal(await snapshots.run(cancelled(2)), 3);
  });

  it('are refused for now when it goes on, and are no fault of ours', async () => {
    const refused = (error: unknown): boolean => isProblem(error, 'store_unavailable');
    await assert.rejects(reads.run(cancelled(3)), refused);
    await assert.rejects(snapshots.run(cancelled(3)), refused);
  });

  it('are not done again for another reason', async () => {
    let done = 0;
    const failing = reads.run(async (sql) => {
      done += 1;
      await sql`select 1 / 0`;
    });
    await assert.rejects(failing, (error) => isProblem(error, 'store_rejected'));
    assert.equal(done, 1);
  });
});
