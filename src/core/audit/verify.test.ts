import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { seededRandom } from '../random.ts';
import type { AuditRecord } from './audit-record.ts';
import { canonicalText } from './canonical.ts';
import { type ChainHead, linksAfter, openChain } from './chain.ts';
import {
  beginVerification,
  type ChainedRecord,
  type ChainFault,
  endVerification,
  verifyCheckpoint,
  verifyNext,
} from './verify.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const id = { node: 'n1', chain: 'a1', before: null };
const start = openChain(id, digest);

function record(message: string, more: Partial<AuditRecord> = {}): AuditRecord {
  return {
    facility: 10,
    severity: 6,
    timestamp: '2026-01-01T00:00:00.000Z',
    appname: 'conjur',
    procid: '1',
    msgid: 'fetch',
    sdata: {
      'auth@43868': { user: 'demo:user:admin' },
      'subject@43868': { resource: message, version: '1' },
    },
    message,
    ...more,
  };
}

function chainOf(count: number): readonly ChainedRecord[] {
  const records = Array.from({ length: count }, (_, index) => record(`record ${index + 1}`));
  return linksAfter(start, records, digest).map((link, index) => ({
    ...link,
    record: records[index] ?? record(''),
  }));
}

function faultsOf(rows: readonly ChainedRecord[], last: ChainHead, checkpoints: readonly ChainHead[] = []) {
  let state = beginVerification(start);
  for (const row of rows) {
    state = verifyNext(state, row, digest);
    for (const checkpoint of checkpoints) state = verifyCheckpoint(state, checkpoint);
  }
  return endVerification(state, last);
}

const whole = chainOf(20);
const head: ChainHead = { seq: 20, hash: whole.at(-1)?.hash ?? '' };

describe('a chain of records', () => {
  it('verifies as it was written, in one batch or in many', () => {
    assert.deepEqual(faultsOf(whole, head), []);
    const records = whole.map((row) => row.record);
    const first = linksAfter(start, records.slice(0, 7), digest);
    const rest = linksAfter(first.at(-1) ?? start, records.slice(7), digest);
    assert.deepEqual(
      [...first, ...rest].map(({ hash }) => hash),
      whole.map(({ hash }) => hash),
    );
  });

  it('shows every single change, loss and insertion, and where it is', () => {
    const random = seededRandom(7);
    for (let round = 0; round < 200; round += 1) {
      const at = random.below(20);
      const row = whole[at] ?? assert.fail();
      const changed = { ...row, record: { ...row.record, message: 'another' } };
      const cases: readonly (readonly [readonly ChainedRecord[], readonly ChainFault[]])[] = [
        [whole.with(at, changed), [{ kind: 'changed', seq: at + 1 }]],
        [whole.toSpliced(at, 1), [{ kind: 'missing', from: at + 1, to: at + 1 }]],
        [whole.toSpliced(at + 1, 0, changed), [{ kind: 'inserted', seq: at + 1 }]],
      ];
      for (const [rows, expected] of cases) assert.deepEqual(faultsOf(rows, head), expected);
    }
  });

  it('shows that its end was cut off, and that there is more than was written', () => {
    assert.deepEqual(faultsOf(whole.slice(0, 15), head), [{ kind: 'missing', from: 16, to: 20 }]);
    const longer = chainOf(21);
    assert.deepEqual(faultsOf(longer, head), [{ kind: 'inserted', seq: 21 }]);
  });

  it('that was hashed anew from a change on is found by what a node has signed', () => {
    const forged = linksAfter(
      start,
      whole.map((row, index) => (index === 4 ? record('forged') : row.record)),
      digest,
    ).map((link, index) => ({
      ...link,
      record: index === 4 ? record('forged') : (whole[index]?.record ?? record('')),
    }));
    const last = { seq: 20, hash: forged.at(-1)?.hash ?? '' };
    assert.deepEqual(faultsOf(forged, last), [], 'by itself nobody can see it');
    const signed = { seq: 10, hash: whole[9]?.hash ?? '' };
    assert.deepEqual(faultsOf(forged, last, [signed]), [{ kind: 'forged', seq: 10 }]);
  });

  it('verifies from a checkpoint on, when what was before it is gone', () => {
    const from = { seq: 12, hash: whole[11]?.hash ?? '' };
    let state = beginVerification(from);
    for (const row of whole.slice(12)) state = verifyNext(state, row, digest);
    assert.deepEqual(endVerification(state, head), []);
  });

  it('is another one for another node, name or predecessor', () => {
    const before = { chain: 'a0', seq: 3, hash: 'ff' };
    const starts = [
      start,
      openChain({ ...id, node: 'n2' }, digest),
      openChain({ ...id, chain: 'a2' }, digest),
      openChain({ ...id, before }, digest),
      openChain({ ...id, before: { ...before, seq: 4 } }, digest),
    ];
    assert.equal(new Set(starts.map(({ hash }) => hash)).size, starts.length);
  });
});

describe('the canonical text of a record', () => {
  it('does not depend on the order of names, and on all else', () => {
    const one = record('x');
    const turned = { ...one, sdata: Object.fromEntries(Object.entries(one.sdata).reverse()) };
    assert.equal(canonicalText(turned), canonicalText(one));
    const others = [
      record('y'),
      record('x', { severity: 4 }),
      record('x', { procid: '2' }),
      record('x', { sdata: {} }),
      record('x', { sdata: { 'auth@43868': {}, 'subject@43868': {} } }),
      record('x', { also: { resources: [], before: '', after: '' } }),
      record('x', { also: { resources: ['a'], before: '', after: '' } }),
    ];
    assert.equal(new Set([one, ...others].map(canonicalText)).size, others.length + 1);
  });
});
