import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rulebook } from './decide.ts';
import { runScenario } from './testing/scenario.ts';

// To record anew what the nodes say: node src/core/failover/scenarios.test.ts --record
const record = process.argv.includes('--record');
const directory = join(import.meta.dirname, 'scenarios');
const reached = new Set<string>();

for (const file of readdirSync(directory).sort()) {
  test(`nodes decide as written in ${file}`, () => {
    const path = join(directory, file);
    const text = readFileSync(path, 'utf8');
    const run = runScenario(text);
    for (const rule of run.rules) reached.add(rule);
    if (record) writeFileSync(path, run.text);
    else assert.equal(run.text, text);
  });
}

test('every rule is reached by a scenario', () => {
  const missed = rulebook().filter(({ id }) => !reached.has(id));
  assert.deepEqual(
    missed.map(({ id }) => id),
    [],
  );
});
