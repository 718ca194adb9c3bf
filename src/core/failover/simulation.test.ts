import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from './testing/simulate.ts';

// More seeds, and the trace of one: node scripts/simulate.ts --help
const seeds = 1500;

test(`keeps every promise in ${seeds} lives full of faults`, () => {
  const broken: string[] = [];
  let acknowledged = 0;
  let promotions = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const result = simulate({ seed });
    acknowledged += result.acknowledgedWrites;
    promotions += result.promotions;
    if (result.violation !== null) broken.push(`seed ${seed}: ${result.violation}`);
  }
  assert.deepEqual(broken, []);
  // A run in which nothing happened would prove nothing.
  assert.ok(acknowledged > 50 * seeds, `${acknowledged} acknowledged writes`);
  assert.ok(promotions > 3 * seeds, `${promotions} promotions`);
});

test('the same seed lives the same life', () => {
  const life = (): readonly string[] => {
    const lines: string[] = [];
    simulate({ seed: 7, trace: (atMs, { node, because }) => lines.push(`${atMs} ${node}: ${because}`) });
    return lines;
  };
  assert.deepEqual(life(), life());
});
