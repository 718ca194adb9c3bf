import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { AuditRecord } from './audit-record.ts';
import { testRecord } from '../testing/test-record.ts';
import { linksAfter, openChain } from './chain.ts';
import type { Checkpoint } from './checkpoint.ts';
import { type TrailChain, type TrailFault, type TrailRow, TrailVerifier } from './trail-verifier.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const facts = { node: 'f1', chain: 'c1', before: null };
const opening = openChain(facts, digest);
const records = Array.from({ length: 10 }, (_, index): AuditRecord => testRecord(`record ${index + 1}`));
/** The trail of one chain, from a record on. */
function trailFrom(
  from: number,
  last = 10,
): { readonly chain: TrailChain; readonly rows: readonly TrailRow[] } {
  const places = linksAfter(opening, records, digest);
  const place = (seq: number): TrailChain['head'] => places[seq - 1] ?? opening;
  return {
    chain: {
      ...facts,
      id: 1,
      opening: opening.hash,
      head: place(last),
      pruned: from === 1 ? null : place(from - 1),
    },
    rows: records
      .slice(from - 1, last)
      .map((record, index) => ({ chain: 1, record, ...place(from + index) })),
  };
}
const hashOf = (seq: number): string => linksAfter(opening, records, digest)[seq - 1]?.hash ?? '';
const signed = (seq: number, more: Partial<Checkpoint> = {}): Checkpoint => ({
  chain: 1,
  seq,
  hash: hashOf(seq),
  signer: 'f1',
  ...more,
});

function verified(
  { chain, rows }: ReturnType<typeof trailFrom>,
  checkpoints: readonly Checkpoint[],
): { readonly faults: readonly TrailFault[]; readonly unsigned: number } {
  const verifier = new TrailVerifier([chain], checkpoints, digest);
  for (const row of rows) verifier.add(row);
  return { faults: verifier.end(), unsigned: verifier.unsigned() };
}
const kindsOf = (...of: Parameters<typeof verified>): readonly string[] =>
  verified(...of).faults.map(({ kind, ...where }) => {
    return `${kind} ${'from' in where ? `${where.from}-${where.to}` : 'seq' in where ? where.seq : ''}`;
  });

describe('a trail with signed places', () => {
  it('holds, and tells how many records nobody has signed for yet', () => {
    assert.deepEqual(verified(trailFrom(1), []), { faults: [], unsigned: 10 });
    assert.deepEqual(verified(trailFrom(1), [signed(3), signed(8)]), { faults: [], unsigned: 2 });
    assert.deepEqual(verified(trailFrom(1), [signed(10)]), { faults: [], unsigned: 0 });
  });

  it('shows a chain that was written anew, and one whose end was taken away', () => {
    assert.deepEqual(kindsOf(trailFrom(1), [signed(8, { hash: 'ff' })]), ['forged 8']);
    assert.deepEqual(kindsOf(trailFrom(1, 6), [signed(8)]), ['missing 7-8']);
  });

  it("shows signatures that are nobody's, or another node's", () => {
    assert.deepEqual(kindsOf(trailFrom(1), [signed(8, { signer: null })]), ['badly_signed 8']);
    assert.deepEqual(kindsOf(trailFrom(1), [signed(8, { signer: 'n2' })]), ['badly_signed 8']);
    assert.deepEqual(kindsOf(trailFrom(1), [signed(8, { chain: 7 })]), ['stray 8']);
  });

  it('begins behind what was thrown away, where a node vouches for that', () => {
    assert.deepEqual(verified(trailFrom(5), [signed(4, { signer: 'n2' })]), { faults: [], unsigned: 10 - 4 });
    assert.deepEqual(kindsOf(trailFrom(5), []), ['unsigned 4']);
    assert.deepEqual(kindsOf(trailFrom(5), [signed(4, { signer: null })]), ['unsigned 4', 'badly_signed 4']);
    assert.deepEqual(kindsOf(trailFrom(5), [signed(4, { hash: 'ff' })]), ['unsigned 4']);
  });
});
