import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate, timeWithoutLeader } from './testing/simulate.ts';

const seeds = 2000;

test(`one leader at a time, with a younger token each, in ${seeds} lives full of faults`, () => {
  const broken: string[] = [];
  let elections = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const result = simulate({ seed });
    elections += result.elections;
    if (result.violation !== null) broken.push(`seed ${seed}: ${result.violation}`);
  }
  assert.deepEqual(broken.slice(0, 10), []);
  // A run in which nothing happened would prove nothing.
  assert.ok(elections > 4 * seeds, `${elections} elections`);
});

test('a clock that runs too slowly lets authority overlap, and tokens grow all the same', () => {
  const broken: string[] = [];
  let overlaps = 0;
  for (let seed = 1; seed <= 500; seed += 1) {
    const result = simulate({ seed, hasSlowClock: true });
    overlaps += result.overlaps;
    if (result.violation !== null) broken.push(`seed ${seed}: ${result.violation}`);
  }
  assert.deepEqual(broken.slice(0, 10), []);
  assert.ok(overlaps > 0, 'the slow clock did no harm: then this test proves nothing');
});

test('a clock that runs too slowly by no more than the margin allows for lets nothing overlap', () => {
  const overlaps: string[] = [];
  let elections = 0;
  for (let seed = 1; seed <= 500; seed += 1) {
    // At a rate of 0.8 authority lasts 1 / 0.8 of what is counted: a margin of a fifth of the TTL makes up for it.
    const result = simulate({ seed, hasSlowClock: true, taskStopShare: 0.2 });
    elections += result.elections;
    if (result.overlaps > 0) overlaps.push(`seed ${seed}`);
  }
  assert.deepEqual(overlaps, []);
  assert.ok(elections > 1000, `${elections} elections`);
});

for (const fault of ['kill', 'stop', 'delete', 'destroy'] as const) {
  test(`there is a leader again in time after: ${fault}`, () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const { withoutMs, boundMs } = timeWithoutLeader(seed, fault);
      assert.ok(withoutMs <= boundMs, `seed ${seed}: ${withoutMs} ms, not ${boundMs}`);
    }
  });
}

test('the same seed lives the same life', () => {
  const life = (): readonly string[] => {
    const lines: string[] = [];
    simulate({ seed: 7, trace: (line) => lines.push(line) });
    return lines;
  };
  assert.deepEqual(life(), life());
});
