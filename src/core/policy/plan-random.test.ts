import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FullId, fullId } from '../ids.ts';
import { admin, applied, freshDatabase, loaded, root } from '../testing/load.ts';
import { modelLoad } from '../testing/load-model.ts';
import { seededRandom } from '../random.ts';
import { basePolicy, randomPolicyText } from '../testing/random-policy.ts';
import { fetchCurrent, type RowDatabase } from '../testing/row-database.ts';
import { plan } from './plan.ts';
import { readPolicy } from './read.ts';
import { resolve } from './resolve.ts';
import type { LoadMode, Resolved } from './types.ts';

function resolvedText(text: string, policyId: FullId, db: RowDatabase): Resolved | null {
  const reading = readPolicy(text);
  assert.ok(reading.ok, `${reading.ok ? '' : reading.fault.message}\n${text}`);
  const ownerId = db.resources.get(policyId)?.ownerId ?? admin;
  const resolution = resolve(reading.statements, { policyId, ownerId });
  return resolution.ok ? resolution.resolved : null;
}

function comparable(db: RowDatabase): Record<string, unknown> {
  const sorted = (table: Map<string, unknown>): unknown[] => [...table].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    Object.entries(db).map(([name, table]: [string, Map<string, unknown>]) => [name, sorted(table)]),
  );
}

test('agrees with row-by-row loading over random policies in all modes', () => {
  const seen = { loaded: 0, refused: 0, cascaded: 0, shadowed: 0 };
  for (let seed = 1; seed <= 600; seed += 1) {
    const random = seededRandom(seed);
    let db = loaded(freshDatabase(), 'append', basePolicy);
    for (let load = 0; load < 10; load += 1) {
      const mode: LoadMode = random.pick(['append', 'modify', 'replace']);
      const policies = [root, fullId('a', 'policy', 'p'), fullId('a', 'policy', 'p/q')].filter((id) =>
        db.resources.has(id),
      );
      const policyId = random.pick(policies);
      const text = randomPolicyText(random, mode);
      const resolved = resolvedText(text, policyId, db);
      if (resolved === null) continue;
      const planned = plan(resolved, fetchCurrent(db, resolved, mode), mode);
      const expected = modelLoad(db, resolved, mode);
      const story = `seed ${seed}, load ${load}, ${mode} on ${policyId}\n${text}`;
      assert.equal(
        planned.refusals.length > 0,
        expected === null,
        `${story}${JSON.stringify(planned.refusals)}`,
      );
      if (expected === null) {
        seen.refused += 1;
        assert.deepEqual(planned.changes, []);
        continue;
      }
      const after = applied(db, planned);
      assert.deepEqual(comparable(after), comparable(expected), story);
      seen.loaded += 1;
      if (planned.changes.filter(({ op, table }) => op === 'delete' && table === 'resources').length > 1)
        seen.cascaded += 1;
      const foreign = resolved.records.some(
        ({ id }) => (db.resources.get(id)?.policyId ?? policyId) !== policyId,
      );
      if (foreign) seen.shadowed += 1;
      const again = plan(resolved, fetchCurrent(after, resolved, mode), mode);
      if (resolved.deletions.length === 0)
        assert.deepEqual(again.changes, [], `a second load changes nothing: ${story}`);
      db = after;
    }
  }
  for (const [what, times] of Object.entries(seen))
    assert.ok(times >= 20, `the walk saw ${what} only ${times} times`);
});
