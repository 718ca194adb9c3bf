import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../random.ts';
import { testRecord } from '../testing/test-record.ts';
import type { LocalChain, PlacedRow } from './carry-step.ts';
import {
  forwardBacklog,
  type ForwardLook,
  forwardStep,
  horizonAfter,
  noHorizon,
  type SnapshotFacts,
} from './forward-step.ts';

const snapshot: SnapshotFacts = { xmin: 1n, xmax: 1n, lastId: 0n };
const everything = { passedId: 1_000_000n, next: null };

function chainOf(id: number, seq: number, pruned: number | null = null): LocalChain {
  return {
    id,
    node: 'n1',
    chain: `c${id}`,
    before: null,
    opening: '',
    head: { seq, hash: '' },
    pruned: pruned === null ? null : { seq: pruned, hash: '' },
    afterId: 0n,
  };
}

function rowOf(id: number, chain: number, seq: number): PlacedRow {
  const record = testRecord(`${chain}/${seq}`);
  return { id: BigInt(id), chain, seq, hash: '', record };
}

/** The last numbers of two chains. */
function sentOf(first: number, second: number): ReadonlyMap<number, number> {
  return new Map([first, second].map((seq, index) => [index + 1, seq]));
}

function lookOf(more: Partial<ForwardLook>): ForwardLook {
  return { chains: [], sent: new Map(), afterId: 0n, rows: [], isComplete: true, snapshot, ...more };
}

describe('what goes to a target', () => {
  it('is what it lacks, chain by chain, and no more at once than is taken', () => {
    const look = lookOf({
      chains: [chainOf(1, 5), chainOf(2, 2)],
      sent: sentOf(2, 0),
      rows: [rowOf(11, 1, 3), rowOf(12, 2, 1), rowOf(13, 1, 4), rowOf(14, 2, 2), rowOf(15, 1, 5)],
      afterId: 9n,
    });
    assert.equal(forwardBacklog(look), 5);
    const part = forwardStep(look, 3, everything);
    assert.deepEqual(
      part.rows.map(({ record }) => record.message),
      ['1/3', '2/1', '1/4'],
    );
    assert.deepEqual(Object.fromEntries(part.progress), { 1: 4, 2: 1 });
    assert.equal(part.afterId, 13n);
    assert.equal(forwardBacklog(look, part.progress), 2);
    const whole = forwardStep(look, 5, everything);
    assert.deepEqual(Object.fromEntries(whole.progress), { 1: 5, 2: 2 });
    assert.equal(whole.afterId, everything.passedId);
    assert.deepEqual(whole.missing, []);
  });

  it('goes on behind what the retention threw away, and behind what was taken away by hand', () => {
    const [pruned, cut] = [chainOf(1, 9, 7), chainOf(2, 6)];
    const look = lookOf({
      chains: [pruned, cut],
      sent: sentOf(3, 1),
      rows: [rowOf(1, 1, 8), rowOf(2, 1, 9), rowOf(3, 2, 4)],
    });
    const step = forwardStep(look, 3, everything);
    assert.deepEqual(step.missing, [
      { chain: cut, from: 2, to: 3 },
      { chain: cut, from: 5, to: 6 },
    ]);
    assert.deepEqual(Object.fromEntries(step.progress), { 1: 9, 2: 6 });
    const cautious = forwardStep({ ...look, isComplete: false }, 3, everything);
    assert.deepEqual(Object.fromEntries(cautious.progress), { 1: 9, 2: 4 });
  });

  it('misses no record of transactions that end in another order than that of their ids', () => {
    for (let seed = 1; seed <= 200; seed += 1) assertForwardsAll(seed);
  });
});

/** Writers of a chain each, with one transaction at a time, beside a forwarder that is started anew now and then. */
function assertForwardsAll(seed: number): void {
  const random = seededRandom(seed);
  const written = [1, 2, 3].map((id) => ({
    id,
    seq: 0,
    open: null as null | { xid: bigint; rows: PlacedRow[] },
  }));
  const visible: PlacedRow[] = [];
  let [lastId, xid] = [0, 1n];
  const told: PlacedRow[] = [];
  const sent = new Map<number, number>();
  let [afterId, horizon] = [0n, noHorizon];

  const write = (writer: (typeof written)[number]): void => {
    if (writer.open === null) {
      const rows = Array.from({ length: 1 + random.below(3) }, (_, index) => {
        lastId += 1;
        return rowOf(lastId, writer.id, writer.seq + index + 1);
      });
      writer.open = { xid, rows };
      xid += 1n;
      return;
    }
    visible.push(...writer.open.rows);
    writer.seq += writer.open.rows.length;
    writer.open = null;
  };
  const forward = (limit: number): void => {
    const open = written.flatMap((writer) => writer.open?.xid ?? []);
    const chains = written
      .filter(({ id, seq }) => seq > (sent.get(id) ?? 0))
      .map(({ id, seq }) => chainOf(id, seq));
    const lacked = visible
      .filter(({ id, chain, seq }) => id > afterId && seq > (sent.get(chain) ?? 0))
      .sort((a, b) => Number(a.id - b.id));
    const facts = {
      xmin: open.reduce((least, one) => (one < least ? one : least), xid),
      xmax: xid,
      lastId: BigInt(lastId),
    };
    const rows = lacked.slice(0, limit);
    horizon = horizonAfter(horizon, facts);
    const look = {
      chains,
      sent: new Map(sent),
      afterId,
      rows,
      isComplete: rows.length < limit,
      snapshot: facts,
    };
    const step = forwardStep(look, limit - random.below(2), horizon);
    assert.deepEqual(step.missing, [], `seed ${seed}`);
    told.push(...step.rows);
    for (const [chain, seq] of step.progress) sent.set(chain, seq);
    afterId = step.afterId;
    if (random.below(20) === 0) horizon = noHorizon;
  };
  for (let turn = 0; turn < 200; turn += 1) {
    if (random.below(3) === 0) forward(2 + random.below(6));
    else write(written[random.below(3)] ?? assert.fail());
  }
  for (const writer of written) if (writer.open !== null) write(writer);
  for (let turn = 0; turn < 200; turn += 1) forward(5);
  assert.ok(afterId > 0n);
  for (const { id, seq } of written) {
    const numbers = told.filter(({ chain }) => chain === id).map((row) => row.seq);
    assert.deepEqual(
      numbers,
      Array.from({ length: seq }, (_, index) => index + 1),
      `seed ${seed}`,
    );
  }
}
