import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from './check.ts';
import { look, looks, node, round, write } from './testing/hand-made.ts';
import { timelineOf } from './timeline.ts';

const history = round({
  operations: [
    write(1, [950, 960]),
    write(2, [998, 1003]),
    write(3, [1010, 1600], { outcome: 'indeterminate' }),
    write(1, [1300, 1301], { way: node('b'), key: 'direct', outcome: 'failed' }),
    write(2, [1540, 1550], { way: node('b'), key: 'direct' }),
    write(4, [1605, 1640]),
    write(5, [1650, 1660]),
  ],
  sightings: [
    ...looks('a', [900, 1000], 'master', 4),
    ...[1010, 1110, 1210].map((at) => look('a', at, 'silent')),
    look('a', 1800, 'standby', 5),
    ...looks('b', [900, 1380], 'standby', 4),
    look('b', 1400, 'standby', 5),
    look('b', 1520, 'master', 5),
  ],
});

test('tells how long everything took, after the fault began', () => {
  const { detectionMs, promotionMs, firstWriteDirectMs, firstWriteBalancerMs, longestPauseMs, redundancyMs } =
    check(history, 1);
  assert.deepEqual(
    { detectionMs, promotionMs, firstWriteDirectMs, firstWriteBalancerMs, redundancyMs },
    {
      detectionMs: 401,
      promotionMs: 521,
      firstWriteDirectMs: 550,
      firstWriteBalancerMs: 640,
      redundancyMs: 500,
    },
  );
  // The load pauses from 1660 until the write that shows that the cluster has healed.
  assert.equal(longestPauseMs, 2910 - 1660);
});

test('counts a pause that has not ended, up to the last attempt', () => {
  const refused = write(6, [2920, 9000], { outcome: 'indeterminate' });
  const { longestPauseMs } = check({ ...history, operations: [...history.operations, refused] }, 1);
  assert.equal(longestPauseMs, 9000 - 2910);
});

test('sees a fault by the old master saying that it serves nobody, though no other leads', () => {
  const sightings = [
    look('a', 990, 'master', 4),
    { node: 'a', askedAt: 1020, answeredAt: 1021, says: { role: 'master', ok: false, term: 4 } } as const,
  ];
  const verdict = check({ ...history, operations: [], sightings }, 1);
  assert.deepEqual([verdict.detectionMs, verdict.promotionMs], [21, null]);
});

test('counts operations by what came of them', () => {
  assert.deepEqual(check(history, 1).writes, { ok: 6, indeterminate: 1, failed: 1 });
});

test('draws the states of each node one after the other, and the writes step by step', () => {
  const timeline = timelineOf(history);
  assert.deepEqual(timeline.fault, { beganAt: 0, inEffectAt: 1, endedAt: 1000 });
  assert.deepEqual([timeline.from, timeline.to, timeline.stepMs], [-100, 1910, 20]);
  assert.deepEqual(timeline.nodes, [
    {
      name: 'a',
      states: [
        { from: -99, to: 10, state: 'master', term: 4 },
        { from: 10, to: 801, state: 'silent', term: null },
        { from: 801, to: 1910, state: 'standby', term: 5 },
      ],
    },
    {
      name: 'b',
      states: [
        { from: -99, to: 401, state: 'standby', term: 4 },
        { from: 401, to: 521, state: 'standby', term: 5 },
        { from: 521, to: 1910, state: 'master', term: 5 },
      ],
    },
  ]);
  const told = (counts: readonly number[]): readonly (readonly [number, number])[] =>
    counts.flatMap((count, step) =>
      count === 0 ? [] : [[timeline.from + step * timeline.stepMs, count] as const],
    );
  assert.deepEqual(told(timeline.acknowledged), [
    [-40, 1],
    [0, 1],
    [640, 1],
    [660, 1],
    [1900, 1],
  ]);
  assert.deepEqual(told(timeline.refused), [[600, 1]]);
});
