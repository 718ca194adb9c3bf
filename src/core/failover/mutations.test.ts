import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutations } from './testing/mutations.ts';
import { simulate } from './testing/simulate.ts';

/** Within so many lives, each taken-away measure must show. */
const patience = 10_000;

for (const { what, from, make } of mutations) {
  test(`the simulation catches: ${what}`, () => {
    const caught = (seed: number): boolean => simulate({ seed, ...make() }).violation !== null;
    // The search begins where it was found last; other seeds follow when the rules have changed since.
    let seed = from;
    while (seed < from + patience && !caught(seed)) seed += 1;
    assert.ok(seed < from + patience, `no violation in the seeds ${from} to ${seed}`);
  });
}
