import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isWorthPassing, planSegments, type SegmentFacts } from './retention.ts';

const hour = 3600_000;
const mebi = 1024 * 1024;
const now = Date.UTC(2026, 0, 31);
/** Segments by how many hours ago they were opened, and their mebibytes. */
function trail(...segments: readonly (readonly [number, number])[]): readonly SegmentFacts[] {
  return segments.map(([hours, size], index) => ({
    number: index + 1,
    openedAt: new Date(now - hours * hour),
    bytes: size * mebi,
  }));
}
const none = { maxAgeMs: null, maxBytes: null };

describe('the retention of the audit trail', () => {
  it('throws nothing away when nobody asks for it', () => {
    assert.deepEqual(planSegments(trail([9000, 5000], [5000, 9000], [1, 1]), none, now), {
      drop: [],
      open: false,
    });
  });

  it('throws away what ended before the age, and never the segment that is written to', () => {
    const rules = { ...none, maxAgeMs: 48 * hour };
    assert.deepEqual(planSegments(trail([200, 1], [50, 1], [49, 1], [2, 1]), rules, now).drop, [1, 2]);
    assert.deepEqual(planSegments(trail([9000, 1]), rules, now).drop, []);
  });

  it('throws the oldest away until the rest is small enough', () => {
    const rules = { ...none, maxBytes: 100 * mebi };
    assert.deepEqual(planSegments(trail([9, 60], [8, 50], [7, 40], [1, 5]), rules, now).drop, [1]);
    assert.deepEqual(planSegments(trail([9, 60], [8, 90], [7, 40], [1, 5]), rules, now).drop, [1, 2]);
    assert.deepEqual(planSegments(trail([1, 500]), rules, now), { drop: [], open: true });
  });

  it('keeps pieces so small that one more or less is an eighth of what is kept', () => {
    const opens = (rules: Parameters<typeof planSegments>[1], ...newest: [number, number]): boolean =>
      planSegments(trail(newest), rules, now).open;
    assert.equal(opens(none, 25, 1), true);
    assert.equal(opens(none, 23, 255), false);
    assert.equal(opens(none, 1, 257), true);
    assert.equal(opens({ ...none, maxAgeMs: 8 * hour }, 1.5, 1), true);
    assert.equal(opens({ ...none, maxBytes: 80 * mebi }, 0.1, 9), false);
    assert.equal(opens({ ...none, maxBytes: 80 * mebi }, 0.1, 11), true);
    assert.equal(opens(none, 9000, 0), false, 'an empty one serves as long as it is empty');
  });

  it('of a follower is in pieces that go soon', () => {
    const [small, old, large] = trail([0.1, 1], [0.2, 1], [0.01, 65]);
    assert.ok(small !== undefined && old !== undefined && large !== undefined);
    assert.deepEqual(
      [small, old, large].map((segment) => isWorthPassing(segment, null, now)),
      [false, true, true],
    );
  });
});
