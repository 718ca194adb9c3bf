import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AuditRecord } from '../core/audit/audit-record.ts';
import { anyRecord, type FoundRecord, type RecordFilter } from '../core/audit/record-filter.ts';
import { exportedChains, exportedRows } from './audit-export.ts';
import { appendToChain, beginChain } from './audit-chain.ts';
import { idsOfTime, newestRows } from './audit-list.ts';
import { dropSegment, openSegment } from './audit-segments.ts';
import type { Sql } from './connection.ts';
import { signOfTests } from './testing/signatures.ts';
import { type ProvisionedStore, startProvisionedStore } from './testing/provisioned-store.ts';

const always = { since: null, until: null };

describe('reading a trail of several segments and chains', { timeout: 120_000 }, () => {
  let held: ProvisionedStore;
  before(async () => {
    held = await startProvisionedStore();
    await inTrail(async (sql) => {
      const [one, two] = [await beginChain(sql, 'node-1'), await beginChain(sql, 'node-2')];
      let [first, second] = [one, two];
      for (let minute = 0; minute < 60; minute += 1) {
        if (minute % 20 === 19) await openSegment(sql);
        first = await appendToChain(sql, first, [recordAt(minute, 'a'), recordAt(minute, 'b', ['c', 'd'])]);
        second = await appendToChain(sql, second, [recordAt(minute, 'z')]);
      }
      // What comes late from a follower, after what is newer.
      await appendToChain(sql, second, [recordAt(5, 'late')]);
    });
  });
  after(() => held.stop());

  const inTrail = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    held.postgres.inDatabase(held.addresses.audit, work);
  const found = async (filter: Partial<RecordFilter>): Promise<readonly string[]> => {
    const rows: FoundRecord[] = [];
    for await (const page of newestRows(held.store.trail, { ...anyRecord, ...filter })) rows.push(...page);
    return rows.map(
      ({ record, hostname }) => `${record.timestamp.slice(14, 16)} ${hostname} ${record.message}`,
    );
  };

  it('gives the newest rows first, across the segments, from all chains', async () => {
    const all = await found({});
    assert.equal(all.length, 60 * 3 + 1);
    assert.deepEqual(all.slice(0, 4), ['05 node-2 late', '59 node-2 z', '59 node-1 b', '59 node-1 a']);
    assert.equal(all.at(-1), '00 node-1 a');
  });

  it('finds what filters ask for, in the first resource of a row and in the others', async () => {
    assert.equal((await found({ resource: 'd:variable:a' })).length, 60);
    assert.equal(
      (await found({ resource: 'd:variable:d' })).length,
      60,
      'a row that has it beside its first',
    );
    assert.equal((await found({ entity: 'd:variable:none' })).length, 0);
    assert.equal((await found({ hostname: 'node-2' })).length, 61);
    assert.equal((await found({ role: 'd:user:u', msgid: 'test', facility: 10, severity: 6 })).length, 181);
    assert.equal((await found({ severity: 5 })).length, 0);
    assert.equal(
      (await found({ sdata: [{ element: 'auth@43868', name: 'user', value: 'd:user:u' }] })).length,
      181,
    );
  });

  it('keeps to a time, and finds what came late', async () => {
    const time = { since: '2026-01-01T00:05:00.000Z', until: '2026-01-01T00:07:00.000Z' };
    assert.deepEqual(await found(time), [
      '05 node-2 late',
      ...['06', '05'].flatMap((minute) => [`${minute} node-2 z`, `${minute} node-1 b`, `${minute} node-1 a`]),
    ]);
    assert.equal((await found({ since: '2027-01-01T00:00:00.000Z' })).length, 0);
    const ids = await idsOfTime(held.store.trail, { since: '2026-01-01T00:58:00.000Z', until: null });
    assert.deepEqual(ids, { first: 175n, last: 180n });
  });

  it('walks through many rows in statements that each look at a part', async () => {
    await inTrail(async (sql) => {
      let chain = await beginChain(sql, 'node-3');
      for (let batch = 0; batch < 12; batch += 1) {
        chain = await appendToChain(
          sql,
          chain,
          Array.from({ length: 500 }, () => recordAt(59, 'many')),
        );
      }
    });
    assert.equal((await found({})).length, 6181);
    assert.equal((await found({ resource: 'd:variable:a' })).length, 60);
    const oldest = await found({ since: '2026-01-01T00:00:00.000Z', until: '2026-01-01T00:01:00.000Z' });
    assert.deepEqual(oldest, ['00 node-2 z', '00 node-1 b', '00 node-1 a']);
  });

  it('sorts nothing for a page of the newest, nor of the next in an export', async () => {
    const plans = await inTrail(async (sql) => {
      // In so small a trail a sort is cheaper.
      await sql`set enable_seqscan = off`;
      await sql`set enable_bitmapscan = off`;
      const newest = await sql<{ 'QUERY PLAN': string }[]>`explain
        select id from messages m where m.id >= 1 and m.id <= 6000 and m.sdata -> 'a' ->> 'b' = 'c'
        order by m.id desc limit 500`;
      const next = await sql<{ 'QUERY PLAN': string }[]>`explain
        select id from messages m where m.id > 200 and true order by m.id limit 1000`;
      return [newest, next].map((rows) => rows.map((row) => row['QUERY PLAN']).join('\n'));
    });
    for (const plan of plans) {
      assert.match(plan, /Merge Append/);
      assert.doesNotMatch(plan, /Sort {2}\(cost/u);
    }
  });

  it('exports every row with its place, and only what stands behind the heads that are told', async () => {
    const rows = await held.store.trail.run((sql) => exportedRows(sql, { after: 0n, limit: 4 }, null));
    assert.deepEqual(
      rows.map(({ id, node, chain, seq, hash, record }) => [
        id,
        node,
        chain,
        seq,
        hash?.length,
        record.message,
      ]),
      [
        [1n, 'node-1', 1, 1, 64, 'a'],
        [2n, 'node-1', 1, 2, 64, 'b'],
        [3n, 'node-2', 2, 1, 64, 'z'],
        [4n, 'node-1', 1, 3, 64, 'a'],
      ],
    );
    assert.deepEqual(rows[1]?.record.also?.resources, ['d:variable:c', 'd:variable:d']);
    const behind = await held.store.trail.run((sql) =>
      exportedRows(
        sql,
        { after: 0n, limit: 10 },
        new Map([
          [1, 119],
          [2, 60],
        ]),
      ),
    );
    assert.deepEqual(
      behind.map(({ chain, seq }) => [chain, seq]),
      [
        [1, 120],
        [2, 61],
      ],
    );
  });

  it('tells the chains with their heads, how far they are gone, and the moment', async () => {
    const whole = await exportedChains(held.store.trail, always);
    assert.deepEqual(
      whole.chains.map(({ node, head, pruned }) => [node, head.seq, pruned]),
      [
        ['node-1', 120, null],
        ['node-2', 61, null],
        ['node-3', 6000, null],
      ],
    );
    assert.deepEqual(whole.ids, { first: 1n, last: 6181n });
    assert.equal(whole.moment.lastId, 6181n);
    await inTrail((sql) => dropSegment(sql, 1, signOfTests));
    const rest = await exportedChains(held.store.trail, always);
    assert.deepEqual(
      rest.chains.map(({ pruned }) => pruned?.seq ?? null),
      [38, 19, null],
    );
    assert.equal(rest.ids?.first, 58n);
  });

  it('knows that a transaction is under way that may yet show rows with lower ids', async () => {
    const commit = Promise.withResolvers<void>();
    const isWritten = Promise.withResolvers<void>();
    const slow = inTrail((sql) =>
      sql.begin(async (tx) => {
        await appendToChain(tx, await beginChain(tx, 'slow'), [recordAt(1, 'slow')]);
        isWritten.resolve();
        await commit.promise;
      }),
    );
    await isWritten.promise;
    const { moment } = await exportedChains(held.store.trail, always);
    assert.ok(moment.endedBefore < moment.begunBefore);
    commit.resolve();
    await slow;
    const later = await exportedChains(held.store.trail, always);
    assert.ok(later.moment.endedBefore >= moment.begunBefore);
    assert.equal(later.ids?.last, moment.lastId);
  });

  function recordAt(minute: number, message: string, more: readonly string[] = []): AuditRecord {
    const also = { resources: more.map((name) => `d:variable:${name}`), before: '', after: '' };
    return {
      facility: 10,
      severity: 6,
      timestamp: `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`,
      appname: 'conjur',
      procid: '1',
      msgid: 'test',
      sdata: { 'auth@43868': { user: 'd:user:u' }, 'subject@43868': { resource: `d:variable:${message}` } },
      message,
      ...(more.length === 0 ? {} : { also }),
    };
  }
});
