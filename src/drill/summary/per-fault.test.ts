import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleReport, sampleRound } from '../testing/sample-report.ts';
import { perFault, spreadsOf } from './per-fault.ts';

function spreadOf(name: string, values: readonly (number | null)[]): unknown {
  const rounds = values.map((value) => sampleRound({ verdict: { [name]: value } }));
  const spread = spreadsOf(rounds).find(({ measure }) => measure.name === name);
  return spread && [spread.medianMs, spread.worstMs, spread.seen, spread.missing];
}

test('the median is the middle, or the mean of the two in the middle; the worst is the largest', () => {
  assert.deepEqual(spreadOf('promotionMs', [900, 100, 300]), [300, 900, 3, 0]);
  assert.deepEqual(spreadOf('promotionMs', [900, 100, 300, 400]), [350, 900, 4, 0]);
  assert.deepEqual(spreadOf('promotionMs', [70]), [70, 70, 1, 0]);
});

test('a promotion that was not needed is not missed, a write that never came is', () => {
  assert.deepEqual(spreadOf('promotionMs', [null, 500]), [500, 500, 1, 0]);
  assert.deepEqual(spreadOf('firstWriteBalancerMs', [null, 500, null]), [500, 500, 1, 2]);
  assert.deepEqual(spreadOf('redundancyMs', [null]), [null, null, 0, 1]);
});

test('rounds without effect count neither as passed nor in any time', () => {
  const without = sampleRound({ round: 2, verdict: { tookEffect: false, result: 'passed', promotionMs: 1 } });
  const [summary] = perFault(sampleReport([sampleRound({ promotedMs: 4000 }), without]));
  assert.equal(summary?.passed, 1);
  assert.equal(summary.withoutEffect, 1);
  assert.equal(summary.spreads.find(({ measure }) => measure.name === 'promotionMs')?.medianMs, 4000);
});

test('a round with a violation failed, whatever its result says', () => {
  const violations = [{ kind: 'two writers', at: 1, key: null, sentence: 'Both did.' }] as const;
  const [summary] = perFault(sampleReport([sampleRound({ verdict: { result: 'passed', violations } })]));
  assert.deepEqual([summary?.passed, summary?.failed, summary?.violations], [0, 1, 1]);
});

test('rounds of a fault stand together in the order in which faults first came', () => {
  const rounds = [1, 2].flatMap((round) => ['b', 'a'].map((fault) => sampleRound({ fault, round })));
  const faults = perFault(sampleReport(rounds));
  const told = faults.map(({ fault, rounds: its }) => [fault, its.map(({ verdict }) => verdict.round)]);
  assert.deepEqual(told, [
    ['b', [1, 2]],
    ['a', [1, 2]],
  ]);
});
