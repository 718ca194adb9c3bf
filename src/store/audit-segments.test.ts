import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AuditRecord } from '../core/audit/audit-record.ts';
import { testRecord } from '../core/testing/test-record.ts';
import { verifyTrail } from './testing/verify-trail.ts';
import { judgeOfTests, signOfTests } from './testing/signatures.ts';
import { dropSegment, listSegments, openSegment } from './audit-segments.ts';
import type { Sql } from './connection.ts';
import { type ProvisionedStore, startProvisionedStore } from './testing/provisioned-store.ts';

describe('the segments of the audit trail', { timeout: 60_000 }, () => {
  let held: ProvisionedStore;
  before(async () => {
    held = await startProvisionedStore();
  });
  after(() => held.stop());

  const inTrail = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    held.postgres.inDatabase(held.addresses.audit, work);
  const append = (message: string): Promise<void> => held.store.audit.append([recordOf(message)], 'local');
  const numbers = async (): Promise<readonly number[]> =>
    (await inTrail(listSegments)).map(({ number }) => number);
  const messages = () =>
    inTrail(
      (sql) =>
        sql<
          { message: string; segment: number }[]
        >`select message, segment from messages order by messages.id`,
    );

  it('take what is written after they were opened, and go with all that is in them', async () => {
    await append('one');
    await append('two');
    assert.equal(await inTrail(openSegment), 2);
    await append('three');
    assert.equal(await inTrail(openSegment), 3);
    await append('four');
    assert.deepEqual(await numbers(), [0, 1, 2, 3]);
    assert.deepEqual(
      (await messages()).map(({ message, segment }) => `${message} ${segment}`),
      ['one 1', 'two 1', 'three 2', 'four 3'],
    );
    await inTrail((sql) => dropSegment(sql, 1, signOfTests));
    assert.deepEqual(
      (await messages()).map(({ message }) => message),
      ['three', 'four'],
    );
    assert.deepEqual(await numbers(), [0, 2, 3]);
    await assert.rejects(
      inTrail((sql) => dropSegment(sql, 3, signOfTests)),
      /written to/,
    );
  });

  it('leave a chain that verifies from where it was cut, and shows what is missing after that', async () => {
    const verified = () => inTrail((sql) => verifyTrail(sql, judgeOfTests));
    assert.deepEqual(await verified(), { chains: 1, records: 2, unsigned: 2, faults: [] });
    await inTrail(async (sql) => {
      await sql`create table kept as select * from messages where message = 'three'`;
      await sql`delete from messages where message = 'three'`;
    });
    assert.deepEqual(
      (await verified()).faults.map(({ kind }) => kind),
      ['missing'],
    );
    await inTrail((sql) => sql`insert into messages select * from kept`);
    assert.deepEqual((await verified()).faults, []);
  });

  it('are thrown away without holding up who reads or writes, and also after an interruption', async () => {
    const reading = Promise.withResolvers<void>();
    const isRead = Promise.withResolvers<void>();
    const reader = inTrail((sql) =>
      sql.begin(async (tx) => {
        await tx`select count(*) from messages`;
        isRead.resolve();
        await reading.promise;
        return (await tx<{ message: string }[]>`select message from messages order by messages.id`).map(
          ({ message }) => message,
        );
      }),
    );
    await isRead.promise;
    // Waited for from here on: it may fail before the connection that ends it has its answer.
    const interrupted = assert.rejects(inTrail((sql) => dropSegment(sql, 2, signOfTests)));
    await held.postgres.inDatabase(held.addresses.audit, async (sql) => {
      for (;;) {
        const [row] = await sql`select 1 from pg_inherits where inhdetachpending`;
        if (row !== undefined) return;
      }
    });
    await append('five'); // nobody waits
    await held.postgres.superuser`select pg_terminate_backend(pid) from pg_stat_activity
      where query like 'alter table messages detach%' and pid <> pg_backend_pid()`;
    await interrupted;
    reading.resolve();
    await reader;
    await inTrail((sql) => dropSegment(sql, 2, signOfTests));
    assert.deepEqual(await numbers(), [0, 3]);
    assert.deepEqual(
      (await messages()).map(({ message }) => message),
      ['four', 'five'],
    );
    assert.deepEqual((await inTrail((sql) => verifyTrail(sql, judgeOfTests))).faults, []);
  });

  function recordOf(message: string): AuditRecord {
    return testRecord(message);
  }
});
