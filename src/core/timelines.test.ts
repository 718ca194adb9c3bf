import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOnHistory, lastCommonPoint, parseTimelineHistory, type TimelineHistory } from './timelines.ts';

const text =
  '1\t0/3000000\tno recovery target specified\n\n# a comment\n4\t0/5000000\tno recovery target specified\n';

function history(timeline: number, ...ancestors: readonly (readonly [number, bigint])[]): TimelineHistory {
  return {
    timeline,
    ancestors: ancestors.map(([left, switchLsn]) => ({ timeline: left, switchLsn })),
  };
}

test('reads a history file with skipped numbers and comments', () => {
  assert.deepEqual(parseTimelineHistory(7, text), history(7, [1, 0x3000000n], [4, 0x5000000n]));
  assert.deepEqual(parseTimelineHistory(1, ''), history(1));
});

test('refuses a history that does not grow, or ends above its own timeline', () => {
  assert.equal(parseTimelineHistory(4, text), null);
  assert.equal(parseTimelineHistory(9, '4\t0/5\tx\n1\t0/6\tx\n'), null);
  assert.equal(parseTimelineHistory(9, 'one\t0/5\n'), null);
  assert.equal(parseTimelineHistory(9, '1\tfive\n'), null);
});

test('a node may follow from an ancestor up to the switch, and not from beyond it', () => {
  const master = history(7, [1, 100n], [4, 200n]);
  assert.equal(isOnHistory({ timeline: 7, lsn: 900n }, master), true);
  assert.equal(isOnHistory({ timeline: 4, lsn: 200n }, master), true);
  assert.equal(isOnHistory({ timeline: 4, lsn: 201n }, master), false);
  assert.equal(isOnHistory({ timeline: 1, lsn: 150n }, master), false);
  assert.equal(isOnHistory({ timeline: 5, lsn: 1n }, master), false);
});

test('finds where two histories part', () => {
  const master = history(7, [1, 100n], [4, 200n]);
  assert.deepEqual(lastCommonPoint(history(1), master), { timeline: 1, lsn: 100n });
  assert.deepEqual(lastCommonPoint(history(4, [1, 100n]), master), { timeline: 4, lsn: 200n });
  assert.deepEqual(lastCommonPoint(master, master), { timeline: 7, lsn: null });
  assert.deepEqual(lastCommonPoint(history(7, [1, 100n], [4, 250n]), master), { timeline: 4, lsn: 200n });
});

test('two promotions onto one number are two timelines', () => {
  const mine = history(2, [1, 100n]);
  const theirs = history(2, [1, 120n]);
  assert.deepEqual(lastCommonPoint(mine, theirs), { timeline: 1, lsn: 100n });
});
