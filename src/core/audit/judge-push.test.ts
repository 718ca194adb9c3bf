import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { seededRandom } from '../random.ts';
import { testRecord } from '../testing/test-record.ts';
import { canonicalText } from './canonical.ts';
import { type ChainHead, type ChainLink, linksAfter, openChain } from './chain.ts';
import type { Place, Signature } from './checkpoint.ts';
import { judgePush } from './judge-push.ts';
import { type CarriedRecord, type PushedRecords, recordLimit } from './pushed.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const facts = { node: 'f1', chain: 'c1', before: null };
const sender = { node: 'f1', isMember: true, certificate: 'f1' };
/** Signatures without keys: whose it is says the certificate, and that it is none says the word. */
const judge = (_place: Place, { signature, certificate }: Signature): string | null =>
  signature === 'good' ? certificate : null;
const by = { digest, judge };
const records = Array.from({ length: 30 }, (_, index) =>
  testRecord(`record ${index + 1}`, { procid: String(index + 1) }),
);
const carried = records.map(
  (record): CarriedRecord => ({ text: canonicalText(record), row: record.message }),
);
const signature = { signedAt: '2026-01-01T00:00:00.000Z', signature: 'good' };
const links = linksAfter(openChain(facts, digest), records, digest);

/** The records `from` to `to`, as their node sends them. */
function pushOf(from: number, to: number, more: Partial<PushedRecords> = {}): PushedRecords {
  return {
    ...facts,
    from,
    newest: records.length,
    records: carried.slice(from - 1, to),
    hash: links[to - 1]?.hash ?? '',
    signature,
    ...more,
  };
}

/** Pushes one after the other, as the master takes them. */
function taken(pushes: readonly PushedRecords[]): readonly (ChainLink & { readonly message: string })[] {
  let head: ChainHead | null = null;
  const stored: (ChainLink & { readonly message: string })[] = [];
  for (const push of pushes) {
    const verdict = judgePush(sender, push, head, by);
    assert.ok(verdict.take);
    const fresh = push.records.slice(verdict.skip);
    stored.push(...verdict.links.map((link, index) => ({ ...link, message: fresh[index]?.row ?? '' })));
    head = verdict.links.at(-1) ?? head ?? openChain(facts, digest);
  }
  return stored;
}

describe('records that a follower pushes', () => {
  it('are stored once each and in order, however often they come and in whatever pieces', () => {
    const random = seededRandom(3);
    for (let round = 0; round < 100; round += 1) {
      const pushes: PushedRecords[] = [];
      let acknowledged = 0;
      while (acknowledged < records.length) {
        // A push whose answer was lost comes again, longer or shorter.
        const sent = Math.min(records.length, acknowledged + 1 + random.below(9));
        pushes.push(pushOf(acknowledged + 1, sent));
        if (random.below(3) > 0) acknowledged = sent;
      }
      const stored = taken(pushes);
      assert.deepEqual(
        stored.map(({ seq, message }) => `${seq} ${message}`),
        records.map(({ message }, index) => `${index + 1} ${message}`),
      );
      assert.equal(stored.at(-1)?.hash, links.at(-1)?.hash);
    }
  });

  it('are refused where they are not what they say', () => {
    const head = links[9] ?? assert.fail();
    const [first] = carried;
    assert.ok(first !== undefined);
    const cases: readonly (readonly [PushedRecords, string, Partial<typeof sender>?])[] = [
      [pushOf(11, 20, { node: 'f2' }), 'forged_node'],
      [pushOf(11, 20), 'removed_node', { isMember: false }],
      [pushOf(12, 20), 'gap'],
      [pushOf(3, 9, { newest: 9 }), 'old_chain'],
      [pushOf(11, 20, { signature: { ...signature, signature: 'bad' } }), 'badly_signed'],
      [pushOf(11, 20), 'badly_signed', { certificate: 'f2' }],
      [pushOf(11, 20, { hash: links[20]?.hash ?? '' }), 'broken_chain'],
      [pushOf(11, 20, { records: carried.slice(10, 20).toReversed() }), 'broken_chain'],
      [pushOf(11, 20, { records: carried.slice(10, 19) }), 'broken_chain'],
      [pushOf(11, 11, { records: [{ ...first, text: 'x'.repeat(recordLimit + 1) }] }), 'record_too_large'],
    ];
    for (const [push, because, as = {}] of cases) {
      assert.deepEqual(judgePush({ ...sender, ...as }, push, head, by), { take: false, because });
    }
  });

  it('of a chain that is not known begin at its first record, and with the chain before it', () => {
    assert.ok(judgePush(sender, pushOf(1, 5), null, by).take);
    assert.deepEqual(judgePush(sender, pushOf(2, 5), null, by), { take: false, because: 'gap' });
    const before = { chain: 'c0', seq: 3, hash: 'ff' };
    assert.deepEqual(judgePush(sender, pushOf(1, 5, { before }), null, by), {
      take: false,
      because: 'broken_chain',
    });
  });
});
