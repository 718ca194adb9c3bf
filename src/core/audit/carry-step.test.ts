import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { afterAnswer, areSure, isOutdated, withAnotherMaster } from './carry-answer.ts';
import {
  type Acknowledgements,
  firstWithin,
  holesIn,
  isThere,
  lacking,
  loadsOf,
  type LocalChain,
  type LocalRow,
  travelName,
} from './carry-step.ts';

describe('what goes in one push', () => {
  const rows = [5, 5, 20, 1].map(
    (length, index): LocalRow => ({
      id: BigInt(index + 1),
      chain: 1,
      seq: index + 1,
      hash: '',
      text: 'x'.repeat(length),
    }),
  );

  it('ends before the record with which it would be too large, and has one at least', () => {
    const lengths = [100, 31, 30, 10, 9, 1].map((characters) => firstWithin(rows, characters).length);
    assert.deepEqual(lengths, [4, 4, 3, 2, 1, 1]);
    assert.equal(firstWithin(rows.slice(2), 10).length, 1);
    assert.deepEqual(firstWithin([], 10), []);
  });
});

describe('what a follower believes of its master', () => {
  const chain: LocalChain = {
    id: 7,
    node: 'f1',
    chain: 'c',
    before: null,
    opening: '',
    afterId: 0n,
    head: { seq: 6, hash: 'h6' },
    pruned: null,
  };
  const rows = Array.from(
    { length: 6 },
    (_, index): LocalRow => ({
      id: BigInt(index + 1),
      chain: 7,
      seq: index + 1,
      hash: `h${index + 1}`,
      text: '[]',
    }),
  );
  const now = { nowMs: 0, restMs: 1000 };
  const outcome = (seq: number, name = 'c') => ({
    node: 'f1',
    chain: name,
    stored: true as const,
    head: { seq, hash: `h${seq}` },
  });
  const gap = (seq: number | null) => ({
    node: 'f1',
    chain: 'c',
    stored: false as const,
    because: 'gap' as const,
    seq,
  });
  const all: Acknowledgements = afterAnswer(new Map(), loadsOf([chain], rows, new Map()), [outcome(6)], now);

  it('is asked anew of another master: with the last record, before anything is thrown away', () => {
    assert.deepEqual([lacking([chain], all, 0).length, isThere(chain, 6, all)], [0, true]);
    const doubted = withAnotherMaster(all);
    assert.equal(isThere(chain, 1, doubted), false);
    const loads = loadsOf(lacking([chain], doubted, 0), rows, doubted);
    assert.deepEqual(
      loads.map((load) => load.rows.map(({ seq }) => seq)),
      [[6]],
    );
    const sure = afterAnswer(doubted, loads, [outcome(6)], now);
    assert.equal(isThere(chain, 6, sure), true);
    const less = afterAnswer(doubted, loads, [gap(2)], now);
    assert.deepEqual([isThere(chain, 2, less), isThere(chain, 3, less)], [true, false]);
    const again = loadsOf(lacking([chain], less, 1000), rows, less);
    assert.deepEqual(
      again[0]?.rows.map(({ seq }) => seq),
      [3, 4, 5, 6],
    );
  });

  it('is not shaken by a push that overtook the one before it', () => {
    const load = loadsOf([chain], rows, new Map())[0] ?? assert.fail();
    const [early, late] = [
      { ...load, rows: rows.slice(0, 4) },
      { ...load, rows: rows.slice(4) },
    ];
    const first = afterAnswer(new Map(), [{ ...load, rows: rows.slice(0, 2) }], [outcome(2)], now);
    const known = afterAnswer(first, [early], [outcome(4)], now);
    assert.deepEqual(afterAnswer(known, [late], [gap(2)], { ...now, before: first }), known);
    // Less than it had said before, or less than was thought with nothing else under way, is news.
    assert.equal(isThere(chain, 2, afterAnswer(known, [late], [gap(1)], { ...now, before: first })), false);
    assert.equal(isThere(chain, 4, afterAnswer(known, [late], [gap(2)], now)), false);
    assert.deepEqual([areSure([late], new Map()), areSure([late], known)], [false, true]);
    const continued = { from: { seq: 1, hash: 'h1' }, head: null };
    assert.equal(areSure([{ ...late, continued }], known), false);
    // Of another master it is news.
    const doubted = withAnotherMaster(known);
    assert.equal(isOutdated(late, gap(2), { before: first, known: doubted }), false);
    assert.equal(isThere(chain, 3, afterAnswer(doubted, [late], [gap(2)], now)), false);
  });

  it('may be that it lost what is thrown away here: the rest goes on under another name', () => {
    const cut: LocalChain = { ...chain, pruned: { seq: 4, hash: 'h4' } };
    const kept = rows.slice(4);
    const doubted = withAnotherMaster(all);
    const loads = loadsOf([cut], kept, doubted);
    const less = afterAnswer(doubted, loads, [gap(null)], now);
    const next = loadsOf([cut], kept, less);
    assert.deepEqual(
      next.map((load) => [travelName(load), load.rows.map(({ seq }) => seq)]),
      [['c+4', [5, 6]]],
    );
    const sure = afterAnswer(less, next, [outcome(2, 'c+4')], now);
    assert.equal(isThere(cut, 6, sure), true);
    const once = withAnotherMaster(sure);
    assert.deepEqual(
      loadsOf([cut], kept, once)[0]?.rows.map(({ seq }) => seq),
      [5, 6],
    );
    assert.deepEqual(holesIn([cut], kept, once), []);
  });
});
