import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTimelineHistory, type TimelineHistory } from './timelines.ts';

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
