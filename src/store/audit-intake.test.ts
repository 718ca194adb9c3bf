import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AuditRecord } from '../core/audit/audit-record.ts';
import { testRecord } from '../core/testing/test-record.ts';
import { linksAfter, openChain } from '../core/audit/chain.ts';
import { canonicalText } from '../core/audit/canonical.ts';
import type { CarriedRecord, PushedRecords, PushOutcome } from '../core/audit/pushed.ts';
import { sha256 } from './audit-chain.ts';
import { messageRow, takePushed } from './audit-intake.ts';
import { verifyTrail } from './testing/verify-trail.ts';
import { judgeOfTests, signOfTests } from './testing/signatures.ts';
import { type ProvisionedStore, startProvisionedStore } from './testing/provisioned-store.ts';

describe('the intake of pushed records', { timeout: 60_000 }, () => {
  let held: ProvisionedStore;
  before(async () => {
    held = await startProvisionedStore();
  });
  after(() => held.stop());

  const own = { node: 'f1', chain: 'c1' };
  const facts = { ...own, before: null };
  const records = Array.from({ length: 20 }, (_, index) =>
    testRecord(`record ${index + 1}`, { sdata: { 'subject@43868': { resource: 'r' } } }),
  );
  const carried = records.map(carriedOf);
  const links = linksAfter(openChain(facts, sha256), records, sha256);
  const pushOf = (from: number, to: number): PushedRecords => ({
    ...facts,
    from,
    newest: 20,
    records: carried.slice(from - 1, to),
    hash: links[to - 1]?.hash ?? '',
    signature: signOfTests({ ...own, seq: to, hash: links[to - 1]?.hash ?? '' }),
  });
  const take = (pushed: PushedRecords, node = 'f1'): Promise<PushOutcome> =>
    held.postgres.inDatabase(held.addresses.audit, (sql) =>
      sql.begin((tx) =>
        takePushed(tx, { sender: { node, isMember: true, certificate: node }, judge: judgeOfTests }, pushed),
      ),
    );
  const verified = () =>
    held.postgres.inDatabase(held.addresses.audit, (sql) => verifyTrail(sql, judgeOfTests));

  it('stores each record once, however often and at whatever time it comes', async () => {
    assert.deepEqual(await take(pushOf(1, 5)), { ...own, stored: true, head: links[4] });
    assert.deepEqual(await take(pushOf(1, 5)), { ...own, stored: true, head: links[4] });
    // Both find records 1 to 5; one stores the rest, and the other finds it there.
    const both = await Promise.all([take(pushOf(3, 15)), take(pushOf(6, 20))]);
    assert.ok(both.some(({ stored }) => stored));
    await take(pushOf(6, 20));
    assert.deepEqual(await verified(), { chains: 1, records: 20, unsigned: 0, faults: [] });
  });

  it('lets two nodes at once begin the same chain once', async () => {
    const second = { ...facts, chain: 'c2', before: { chain: 'c1', ...(links.at(-1) ?? assert.fail()) } };
    const ownLinks = linksAfter(openChain(second, sha256), records, sha256);
    const hash = ownLinks.at(-1)?.hash ?? '';
    const signature = signOfTests({ ...own, chain: 'c2', seq: 20, hash });
    const pushed = { ...second, from: 1, newest: 20, records: carried, hash, signature };
    const both = await Promise.all([take(pushed), take(pushed), take(pushed)]);
    assert.deepEqual(
      both.map(({ stored }) => stored),
      [true, true, true],
    );
    assert.deepEqual(await verified(), { chains: 2, records: 40, unsigned: 0, faults: [] });
  });

  it('takes nothing of what it refuses, and says where the chain stands', async () => {
    assert.deepEqual(await take(pushOf(1, 3), 'f2'), {
      ...own,
      stored: false,
      because: 'forged_node',
      seq: null,
    });
    const signature = signOfTests({ ...own, seq: 40, hash: 'ff' });
    const broken = { ...pushOf(1, 20), records: [...carried, ...carried], hash: 'ff', signature };
    assert.deepEqual(await take(broken), { ...own, stored: false, because: 'broken_chain', seq: 20 });
    assert.deepEqual(await verified(), { chains: 2, records: 40, unsigned: 0, faults: [] });
  });
});

function carriedOf(record: AuditRecord): CarriedRecord {
  const { sdata, also, ...fields } = record;
  return { text: canonicalText(record), row: messageRow(fields, sdata, also ?? null) };
}
