import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AuditRecord } from '../core/audit/audit-record.ts';
import { testRecord } from '../core/testing/test-record.ts';
import { appendToChain, beginChain } from './audit-chain.ts';
import { type TrailReport, verifyTrail } from './testing/verify-trail.ts';
import { judgeOfTests } from './testing/signatures.ts';
import type { Sql } from './connection.ts';
import { type ProvisionedStore, startProvisionedStore } from './testing/provisioned-store.ts';

describe('the chains of the audit trail', { timeout: 60_000 }, () => {
  let held: ProvisionedStore;
  before(async () => {
    held = await startProvisionedStore();
    const messages = ['plain', 'a\0b', '\ud800', 'quote " and \\u0000', '', 'ünï', 'x'.repeat(20_000)];
    for (const message of messages)
      await held.store.audit.append([record(message), record('second')], 'local');
    await held.store.audit.append([record('replicated')], 'replicated');
  });
  after(() => held.stop());

  const inTrail = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    held.postgres.inDatabase(held.addresses.audit, work);
  const report = (): Promise<TrailReport> => inTrail((sql) => verifyTrail(sql, judgeOfTests));

  const record = (message: string): AuditRecord =>
    testRecord(message, {
      timestamp: '2026-01-01T00:00:00.007Z',
      sdata: { 'subject@43868': { resource: message, b: '2', a: '1' }, 'auth@43868': { user: 'u' } },
      also: { resources: [message, 'ü'], before: 'also ', after: '' },
    });

  /** What is found after a change by hand, which is taken back. */
  async function kindsAfter(change: (sql: Sql) => Promise<unknown>): Promise<readonly string[]> {
    const copies = ['chains', 'messages'];
    return inTrail(async (sql) => {
      for (const table of copies)
        await sql`create table ${sql(`kept_${table}`)} as select * from ${sql(table)}`;
      try {
        await change(sql);
        const { faults } = await verifyTrail(sql, judgeOfTests);
        return faults.map(({ kind, ...where }) =>
          `${kind} ${'from' in where ? `${where.from}-${where.to}` : 'seq' in where ? where.seq : ''}`.trim(),
        );
      } finally {
        await sql`delete from messages`;
        await sql`delete from chains`;
        await sql`insert into messages select * from kept_messages`;
        await sql`insert into chains overriding system value select * from kept_chains`;
        for (const table of copies) await sql`drop table ${sql(`kept_${table}`)}`;
      }
    });
  }

  it('verify as they come out of the database, whatever the records hold', async () => {
    assert.deepEqual(await report(), { chains: 2, records: 15, unsigned: 15, faults: [] });
  });

  it('show what was changed, taken away or put in by hand, and where', async () => {
    const inFirst = (sql: Sql, seq: number) => sql`chain = (select min(id) from chains) and seq = ${seq}`;
    const cases: readonly (readonly [(sql: Sql) => Promise<unknown>, readonly string[]])[] = [
      [(sql) => sql`update messages set severity = 5 where ${inFirst(sql, 3)}`, ['changed 3']],
      [
        (sql) =>
          sql`update messages set sdata = jsonb_set(sdata, '{auth@43868,user}', '"v"') where ${inFirst(sql, 4)}`,
        ['changed 4'],
      ],
      [
        (sql) =>
          sql`update messages set "timestamp" = "timestamp" + interval '1 ms' where ${inFirst(sql, 1)}`,
        ['changed 1'],
      ],
      [(sql) => sql`delete from messages where ${inFirst(sql, 7)}`, ['missing 7-7']],
      [(sql) => sql`delete from messages where ${inFirst(sql, 1)}`, ['missing 1-1']],
      [
        (
          sql,
        ) => sql`insert into messages select nextval('messages_ids'), facility, severity, "timestamp", hostname, appname,
          procid, msgid, sdata, message, also, segment, chain, seq, hash from messages where ${inFirst(sql, 2)}`,
        ['inserted 2'],
      ],
      // The other lane began its chain behind number 14 of this one.
      [(sql) => sql`delete from messages where ${inFirst(sql, 14)}`, ['missing 14-14', 'forgotten 14']],
      [(sql) => sql`update chains set seq = 20 where id = (select min(id) from chains)`, ['missing 15-20']],
      [
        (sql) => sql`update chains set node = 'another' where id = (select max(id) from chains)`,
        ['misopened', 'forgotten 14'],
      ],
      [(sql) => sql`delete from chains where id = (select max(id) from chains)`, ['stray 1']],
    ];
    for (const [change, expected] of cases) assert.deepEqual(await kindsAfter(change), expected);
    assert.deepEqual((await report()).faults, []);
  });

  it('do not go on from where they do not stand', async () => {
    await inTrail(async (sql) => {
      const chain = await beginChain(sql, 'n9');
      const on = await appendToChain(sql, chain, [record('one')]);
      await assert.rejects(appendToChain(sql, chain, [record('twice')]), /does not stand/);
      assert.equal((await appendToChain(sql, on, [record('two')])).head.seq, 2);
    });
    assert.deepEqual(await report(), { chains: 3, records: 17, unsigned: 17, faults: [] });
  });

  it('begin anew when it is not certain what became of a batch', async () => {
    await held.postgres.superuser`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'holdfast audit local'`;
    // Where the loss was noticed before, nothing is uncertain, and the chain goes on.
    const isLost = await held.store.audit.append([record('after the loss')], 'local').then(
      () => false,
      () => true,
    );
    await held.store.audit.append([record('again')], 'local');
    const { chains, faults } = await report();
    assert.deepEqual([chains, faults], [isLost ? 4 : 3, []]);
  });
});
