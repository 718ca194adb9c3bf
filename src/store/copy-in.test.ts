import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Problem } from '../core/problem.ts';
import { copyColumns, copyIn } from './copy-in.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './testing/temporary-postgres.ts';
import { openWrites, type Writes } from './writes.ts';

describe('rows that are copied in', { timeout: 60_000 }, () => {
  let postgres: TemporaryPostgres;
  let writes: Writes;
  before(async () => {
    postgres = await startTemporaryPostgres();
    await postgres.inDatabase(postgres.address, (sql) => sql`create table t (a int not null, b text)`);
    writes = openWrites(postgres.address, 1);
  });
  after(async () => {
    await writes.end();
    await postgres.stop();
  });

  /** Copies rows. @returns how many there are then */
  const copy = (rows: string): Promise<number> =>
    writes.transaction(async (sql) => {
      await copyIn(sql, 'copy t from stdin', rows);
      const [row] = await sql<{ count: number }[]>`select count(*)::int as count from t`;
      return row?.count ?? 0;
    });

  it('are read back as they were, whatever signs they hold', async () => {
    const texts = ['\\', '\\N', '\t', 'a\nb\r', '\\t', 'ünï', '', '\\.', '"'];
    const rows = [...texts, null].map((text, index) => `${copyColumns([index, text])}\n`);
    assert.equal(await copy(rows.join('')), rows.length);
    const read = await postgres.inDatabase(
      postgres.address,
      (sql) => sql<{ b: string | null }[]>`select b from t order by a`,
    );
    assert.deepEqual(
      read.map(({ b }) => b),
      [...texts, null],
    );
  });

  it('are there all or not at all, and what PostgreSQL refuses holds up nothing behind it', async () => {
    const count = await copy('100\tx\n');
    const good = '1\tx\n';
    const refused = [
      'bad\tx\n',
      `${good.repeat(100_000)}bad\tx\n`,
      `bad\tx\n${good.repeat(300_000)}`,
      '\\N\tx\n',
    ];
    for (const rows of refused) await assert.rejects(copy(rows), Problem);
    assert.equal(await copy(good), count + 1);
  });

  it('are lost with their connection, and the next copy has another', async () => {
    const count = await copy('100\tx\n');
    const lost = writes.transaction(async (sql) => {
      const [own] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      // Awaited together: the copy may fail before the other connection has its answer.
      await Promise.all([
        copyIn(sql, 'copy t from stdin', '1\tx\n'.repeat(300_000)),
        postgres.superuser`select pg_terminate_backend(${own?.pid ?? 0})`,
      ]);
      await sql`select 1`;
    });
    await assert.rejects(lost, Problem);
    assert.equal(await copy('1\tx\n'), count + 1);
  });
});
