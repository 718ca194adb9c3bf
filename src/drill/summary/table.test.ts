import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters, styleText } from 'node:util';
import { hostileReport, sampleReport, sampleRound } from '../testing/sample-report.ts';
import { type Paint, summaryTable } from './table.ts';

const lost = { kind: 'lost write', at: 4200, key: 'drill/17', sentence: 'Version 8 is gone.' } as const;
const writes = { ok: 41_203, indeterminate: 12, failed: 310 };
const report = sampleReport(
  [
    sampleRound({ fault: 'agent-kill', promotedMs: 800, verdict: { writes } }),
    sampleRound({ fault: 'agent-kill', promotedMs: 1000, round: 2, verdict: { writes, redundancyMs: null } }),
    sampleRound({ fault: 'node-kill', verdict: { writes, result: 'failed', violations: [lost, lost] } }),
    sampleRound({ fault: 'packet-loss', promotedMs: null, verdict: { writes, tookEffect: false } }),
  ],
  { skipped: [{ fault: 'clock-jump', because: 'libfaketime is not installed.' }] },
);

const colours: Paint = {
  good: (text) => styleText('green', text, { validateStream: false }),
  warning: (text) => styleText('yellow', text, { validateStream: false }),
  fault: (text) => styleText('red', text, { validateStream: false }),
  strong: (text) => styleText('bold', text, { validateStream: false }),
  faint: (text) => styleText('dim', text, { validateStream: false }),
};

test('a table has a line for each fault, then what was skipped and broken, and the verdict last', () => {
  assert.deepEqual(summaryTable(report), [
    'FAULT        RESULT         DETECT  PROMOTE  DIRECT  BALANCER  PAUSE  WHOLE     ACK  INDET  FAILED',
    'agent-kill   2 passed         0.63     0.90    1.03      1.06   1.07   7.40  82,406     24     620',
    '             worst            0.70     1.00    1.13      1.16   1.17  never',
    'node-kill    1 of 1 failed    2.24     3.20    3.26      3.36   3.37   7.40  41,203     12     310',
    'packet-loss  no effect           –        –       –         –      –      –  41,203     12     310',
    '',
    'Seconds after the fault began, WHOLE after its end: median, below it the worst.',
    'clock-jump: skipped, libfaketime is not installed.',
    '',
    '✗ node-kill, round 1: 2 lost writes, first +4.20 s: Version 8 is gone.',
    '',
    'Promises were broken: 2 lost writes; 1 of 4 rounds failed.',
    '1 round had no effect, and 1 fault could not be made here: not counted as passed.',
  ]);
});

test('colours change nothing but colours', () => {
  const coloured = summaryTable(report, colours);
  assert.notDeepEqual(coloured, summaryTable(report));
  assert.deepEqual(coloured.map(stripVTControlCharacters), summaryTable(report));
});

test('no line is wider than 120 columns, and none can move the cursor', () => {
  const hostile = hostileReport(`\u001b[31m${'a long name '.repeat(20)}\u202e\n`);
  for (const line of summaryTable(hostile)) {
    assert.ok(Array.from(line).length <= 120, line);
    assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u);
  }
});

test('without rounds there is a verdict and no table', () => {
  assert.deepEqual(summaryTable(sampleReport([])), ['Nothing was shown: no round was run.']);
});
