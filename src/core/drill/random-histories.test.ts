import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../random.ts';
import { check } from './check.ts';
import { legalHistory } from './testing/legal-history.ts';
import { mutations } from './testing/mutations.ts';

test('never accuses a cluster that keeps its promises, whatever fails and comes late', () => {
  let lateWrites = 0;
  for (let seed = 1; seed <= 50; seed += 1) {
    const history = legalHistory(seed);
    const verdict = check(history, 1);
    assert.deepEqual(verdict.violations, [], `seed ${seed}`);
    assert.equal(verdict.result, 'passed');
    const kept = [...history.written.values()];
    lateWrites += kept.flatMap((order) =>
      order.filter((version, at) => version < (order[at - 1] ?? 0)),
    ).length;
  }
  assert.ok(lateWrites > 50, 'writes come to stand after later ones, which is the hard part');
});

const lives = Array.from({ length: 25 }, (_, seed) => legalHistory(seed));

for (const { what, make } of mutations) {
  test(`catches ${what}`, () => {
    let made = 0;
    for (const [seed, life] of lives.entries()) {
      const broken = make(life, seededRandom(seed));
      if (broken === null) continue;
      made += 1;
      const { violations, result } = check(broken.history, 1);
      const caught = violations.some(({ kind, key }) => kind === broken.kind && key === broken.key);
      assert.ok(caught, `seed ${seed}: ${broken.kind} of ${broken.key} not in ${JSON.stringify(violations)}`);
      assert.equal(result, 'failed');
    }
    assert.ok(made >= 15, `made ${made} times`);
  });
}
