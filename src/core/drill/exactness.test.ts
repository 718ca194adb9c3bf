import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '../random.ts';
import { check } from './check.ts';
import type { History, Operation } from './history.ts';
import { isExplained } from './testing/brute-force.ts';

/** A few operations on one key, right or wrong as chance will have it. */
function smallHistory(random: Random): readonly Operation[] {
  const base = { key: 'k', way: { kind: 'balancer' }, because: null } as const;
  const operations: Operation[] = [];
  let startedAt = random.below(4);
  for (let version = 1; version <= 1 + random.below(4); version += 1) {
    const endedAt = startedAt + 1 + random.below(6);
    const outcome = random.pick(['ok', 'ok', 'indeterminate', 'failed'] as const);
    operations.push({ ...base, client: 0, action: 'write', version, startedAt, endedAt, outcome });
    startedAt = endedAt + random.below(3);
  }
  for (let client = 1; client <= 1 + random.below(4); client += 1) {
    const begun = random.below(startedAt + 3);
    const endedAt = begun + 1 + random.below(6);
    const version = random.below(operations.filter(({ action }) => action === 'write').length + 1);
    const found = version === 0 ? null : version;
    operations.push({
      ...base,
      client,
      action: 'read',
      version: found,
      startedAt: begun,
      endedAt,
      outcome: 'ok',
    });
  }
  return operations;
}

function historyOf(operations: readonly Operation[], kept: readonly number[] | null): History {
  return {
    acceptedLoss: null,
    span: {
      fault: 'none',
      targets: [],
      master: 'a',
      keepsMaster: false,
      beganAt: 0,
      inEffectAt: null,
      endedAt: 100,
    },
    operations,
    sightings: [],
    redundancy: [],
    final: new Map(kept === null ? [] : [['k', kept.at(-1) ?? null]]),
    kept: new Map(kept === null ? [] : [['k', kept]]),
  };
}

/** Some of the versions, mostly in their order. */
function keptOf(random: Random, operations: readonly Operation[]): readonly number[] {
  const kept = operations.flatMap(({ action, version, outcome }) =>
    action === 'write' && version !== null && (outcome === 'ok' ? !random.chance(20) : random.chance(2))
      ? [version]
      : [],
  );
  if (random.chance(2)) return kept;
  return kept
    .map((version) => ({ version, rank: random.below(10) }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ version }) => version);
}

for (const withKept of [false, true]) {
  const what = withKept ? 'with the order of what is kept' : 'by what clients saw alone';
  test(`accuses exactly what no order of the operations explains, ${what}`, () => {
    const counts = { right: 0, wrong: 0 };
    for (let seed = 1; seed <= 10_000; seed += 1) {
      const random = seededRandom(seed);
      const operations = smallHistory(random);
      const kept = withKept ? keptOf(random, operations) : null;
      const { violations } = check(historyOf(operations, kept), 1);
      const isRight = isExplained(operations, kept);
      counts[isRight ? 'right' : 'wrong'] += 1;
      assert.equal(
        violations.length === 0,
        isRight,
        `seed ${seed}: ${JSON.stringify({ operations, kept, violations })}`,
      );
    }
    // Neither answer is the usual one, so the test can fail both ways.
    assert.ok(counts.right > 1000 && counts.wrong > 1000, JSON.stringify(counts));
  });
}
