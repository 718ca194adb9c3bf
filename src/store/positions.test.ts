import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openPositions, type Positions } from './positions.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './testing/temporary-postgres.ts';
import { startTemporaryStandby, type TemporaryStandby } from './testing/temporary-standby.ts';

describe('positions in the log', { timeout: 60_000 }, () => {
  let primary: TemporaryPostgres;
  let standby: TemporaryStandby;
  let here: Positions;
  let there: Positions;
  before(async () => {
    primary = await startTemporaryPostgres();
    standby = await startTemporaryStandby(primary);
    here = openPositions(primary.address);
    there = openPositions(standby.address);
    await primary.inDatabase(primary.address, (sql) => sql`create table counted (number int)`);
  });
  after(async () => {
    await Promise.all([here.end(), there.end()]);
    await standby.stop();
    await primary.stop();
  });

  const insert = (number: number) =>
    primary.inDatabase(primary.address, (sql) => sql`insert into counted values (${number})`);

  it('a standby that has replayed the position of a write has the write', async () => {
    for (let number = 1; number <= 20; number += 1) {
      await insert(number);
      const position = await here.written();
      assert.ok(position !== null && position.timeline === 1);
      assert.equal(await there.replayed(position.lsn, 5000), true);
      const [row] = await standby.superuser<
        { is: boolean }[]
      >`select pg_last_wal_replay_lsn() >= ${`${(position.lsn >> 32n).toString(16)}/${(position.lsn & 0xffffffffn).toString(16)}`}::pg_lsn as is`;
      assert.equal(row?.is, true);
    }
  });

  it('waits while replay is paused, and says when it has waited enough', async () => {
    await standby.superuser`select pg_wal_replay_pause()`;
    await insert(100);
    const position = await here.written();
    assert.ok(position !== null);
    assert.equal(await there.replayed(position.lsn, 150), false);
    const later = there.replayed(position.lsn, 5000);
    await standby.superuser`select pg_wal_replay_resume()`;
    assert.equal(await later, true);
  });

  it('tells no position of a write on a standby, and none of a database that is gone', async () => {
    assert.equal(await there.written(), null);
    const nowhere = openPositions({ ...primary.address, port: 1 });
    assert.equal(await nowhere.written(), null);
    assert.equal(await nowhere.replayed(1n, 100), false);
    await nowhere.end();
  });
});
