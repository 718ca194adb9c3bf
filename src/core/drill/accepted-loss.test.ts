import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from './check.ts';
import type { AcceptedLoss, Operation } from './history.ts';
import type { Verdict } from './verdict.ts';
import { look, looks, node, read, round, write } from './testing/hand-made.ts';

/** Kept up to a position that the log reached between 1200 and 1220; the failover was ordered at 1500. */
const loss: AcceptedLoss = { keptBefore: 1200, lostAfter: 1220, orderedAt: 1500 };
const writes = [
  write(1, [1100, 1110]), // acknowledged before
  write(2, [1190, 1215]), // at the edge: either may be
  write(3, [1230, 1240]), // beyond
  write(4, [1250, 1260], { outcome: 'indeterminate' }),
  write(5, [1600, 1610]), // of the new master
];

function judged(
  kept: readonly number[],
  more: readonly Operation[] = [],
  sightings = looks('a', [900, 1300], 'master'),
): Verdict {
  const operations = [...writes, ...more];
  return check(round({ operations, kept, acceptedLoss: loss, sightings }), 1);
}

function broken(verdict: Verdict): readonly string[] {
  return verdict.violations.map(({ kind, sentence }) => `${kind}: ${sentence}`);
}

test('accepts exactly the loss that was written down, and counts it', () => {
  const verdict = judged([1, 5]);
  assert.deepEqual([verdict.result, verdict.acceptedLoss], ['passed', 2]);
  assert.equal(judged([1, 2, 5]).acceptedLoss, 1, 'at the edge a write may be kept');
});

test('finds lost what was acknowledged before the position, and what the new master acknowledged', () => {
  assert.match(broken(judged([2, 5])).join(), /^lost write: Version 1 /u);
  assert.match(broken(judged([1, 2])).join(), /^lost write: Version 5 /u);
});

test('finds there what was written down as lost', () => {
  assert.match(broken(judged([1, 3, 5])).join(), /^unexpected value: Version 3 .*is there\.$/u);
  assert.deepEqual(broken(judged([1, 4, 5])), [], 'nobody was told what became of that one');
});

test('lets reads have shown what was lost before the order, and nobody after it but a follower', () => {
  assert.deepEqual(broken(judged([1, 5], [read(3, [1300, 1310])])), []);
  assert.match(broken(judged([1, 5], [read(3, [1520, 1530])])).join(), /Version 3|version 3/u);
  const follower = [...looks('a', [900, 1300], 'master'), look('f', 1000, 'follower')];
  assert.deepEqual(broken(judged([1, 5], [read(3, [1520, 1530], { way: node('f') })], follower)), []);
});

test('without an accepted loss every acknowledged write counts', () => {
  const verdict = check(round({ operations: writes, kept: [1, 5] }), 1);
  assert.equal(verdict.acceptedLoss, undefined);
  assert.equal(verdict.result, 'failed');
});
