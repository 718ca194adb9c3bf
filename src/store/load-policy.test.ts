import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type FullId, fullId } from '../core/ids.ts';
import { readPolicy } from '../core/policy/read.ts';
import { resolve } from '../core/policy/resolve.ts';
import type { LoadMode } from '../core/policy/types.ts';
import { applied, root } from '../core/testing/load.ts';
import { modelLoad } from '../core/testing/load-model.ts';
import { seededRandom } from '../core/random.ts';
import { basePolicy, randomPolicyText } from '../core/testing/random-policy.ts';
import type { RowDatabase } from '../core/testing/row-database.ts';
import type { TransactionSql } from './connection.ts';
import { applyPlan, planLoad } from './load-policy.ts';
import { allRows } from './testing/all-rows.ts';
import { type ProvisionedStore, startProvisionedStore } from './testing/provisioned-store.ts';

let provisioned: ProvisionedStore;
before(async () => {
  provisioned = await startProvisionedStore();
});
after(() => provisioned.stop());

const rules = { hostsNameApiKey: false };

/** An account with nothing but admin and root, as the models begin with. */
async function beginAnew(sql: TransactionSql): Promise<void> {
  await sql`delete from roles where account(role_id) = 'a'`;
  await sql`insert into roles (role_id) values ('a:user:admin'), ('a:policy:root')`;
  await sql`insert into resources (resource_id, owner_id)
    values ('a:user:admin', 'a:user:admin'), ('a:policy:root', 'a:user:admin')`;
  await sql`insert into credentials (role_id) values ('a:user:admin')`;
}

function comparable(db: RowDatabase): Record<string, unknown> {
  const sorted = (table: Map<string, unknown>): unknown[] => [...table].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    Object.entries(db).map(([name, table]: [string, Map<string, unknown>]) => [name, sorted(table)]),
  );
}

test('PostgreSQL does what the plan says and what the model does, over random policies', async () => {
  const seen = { loaded: 0, refused: 0, deleted: 0 };
  const { store } = provisioned;
  for (let seed = 1; seed <= 22; seed += 1) {
    const random = seededRandom(seed * 7919);
    await store.writes.transaction(async (sql) => {
      await beginAnew(sql);
      const begin = readPolicy(basePolicy);
      assert.ok(begin.ok);
      const planned = await planLoad(sql, {
        policyId: root,
        mode: 'append',
        statements: begin.statements,
        rules,
      });
      assert.ok(planned.ok);
      await applyPlan(sql, store.dataKey, planned.plan);
      let db = await allRows(sql, 'a');
      for (let load = 0; load < 40; load += 1) {
        const mode: LoadMode = random.pick(['append', 'modify', 'replace']);
        const policyId: FullId = random.pick(
          [root, fullId('a', 'policy', 'p'), fullId('a', 'policy', 'p/q')].filter((id) =>
            db.resources.has(id),
          ),
        );
        const text = randomPolicyText(random, mode);
        const reading = readPolicy(text);
        assert.ok(reading.ok, text);
        const { statements } = reading;
        const ownerId = db.resources.get(policyId)?.ownerId ?? policyId;
        const resolution = resolve(statements, { policyId, ownerId });
        const outcome = await planLoad(sql, { policyId, mode, statements, rules });
        assert.equal(outcome.ok, resolution.ok);
        if (!outcome.ok || !resolution.ok) continue;
        const expected = modelLoad(db, resolution.resolved, mode);
        assert.equal(outcome.plan.refusals.length > 0, expected === null, text);
        if (expected === null) {
          seen.refused += 1;
          continue;
        }
        await applyPlan(sql, store.dataKey, outcome.plan);
        const story = `seed ${seed}, load ${load}, ${mode} on ${policyId}\n${text}`;
        const rows = await allRows(sql, 'a');
        const told = comparable(rows);
        assert.deepEqual(told, comparable(applied(db, outcome.plan)), `the plan: ${story}`);
        assert.deepEqual(told, comparable(expected), `the model: ${story}`);
        db = rows;
        seen.loaded += 1;
        if (outcome.plan.changes.some(({ op }) => op === 'delete')) seen.deleted += 1;
      }
    });
  }
  assert.ok(seen.loaded > 80 && seen.refused > 80 && seen.deleted > 15, JSON.stringify(seen));
});
