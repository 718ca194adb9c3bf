import assert from 'node:assert/strict';
import { test } from 'node:test';
import { electFigure, type ElectResults } from './report.ts';

const quiet = { 'PUT session/renew': 12, 'GET kv (blocking)': 18, 'GET health/service (blocking)': 2 };
const good: ElectResults = {
  planned: [20, 40, 30].map((taggedMs) => ({ freedMs: 10, taggedMs })),
  faults: [
    {
      pollingPlanned: { freedMs: 20_000, taggedMs: 30_000 },
      oursUnplanned: { freedMs: 25_000, taggedMs: 25_020 },
      pollingUnplanned: { freedMs: 25_000, taggedMs: 29_000 },
    },
  ],
  starts: [{ oursMs: 90, bareMs: 60 }],
  idle: {
    seconds: 60,
    rssMb: { leader: 64, replica: 63 },
    requests: quiet,
    requestsPerPeriod: 2.7,
    open: { 'GET kv (blocking)': 2, 'GET health/service (blocking)': 2 },
  },
};

function missed(results: ElectResults): readonly string[] {
  const { goals } = electFigure(results).details as { goals: Readonly<Record<string, boolean>> };
  return Object.keys(goals).filter((goal) => goals[goal] !== true);
}

test('the figure is the median of planned handovers, beside that of polling', () => {
  const { ours, reference, ratio } = electFigure(good);
  assert.deepEqual([ours, reference, ratio], [30, 30_000, 0.001]);
  assert.deepEqual(missed(good), []);
});

test('each goal that is missed is named', () => {
  const [fault] = good.faults;
  assert.ok(fault !== undefined);
  const late = { ...fault, oursUnplanned: { freedMs: 25_000, taggedMs: 25_101 } };
  const cases: readonly (readonly [Partial<ElectResults>, RegExp])[] = [
    [{ planned: [{ freedMs: 1, taggedMs: 101 }] }, /^planned handover/u],
    [{ faults: [fault, late] }, /^unplanned takeover/u],
    [{ starts: [{ oursMs: 151, bareMs: 60 }] }, /^first request/u],
    [{ idle: { ...good.idle, rssMb: { leader: 64, replica: 76 } } }, /^memory/u],
    [{ idle: { ...good.idle, requests: { ...quiet, 'GET agent/services': 1 } } }, /^at rest/u],
    [{ idle: { ...good.idle, requests: { ...quiet, 'PUT session/renew': 24 } } }, /^at rest/u],
    [{ idle: { ...good.idle, open: { 'GET kv (blocking)': 2 } } }, /^at rest/u],
  ];
  for (const [change, goal] of cases) {
    const names = missed({ ...good, ...change });
    assert.equal(names.length, 1, String(goal));
    assert.match(names[0] ?? '', goal);
  }
});
