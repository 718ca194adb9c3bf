import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contenders, type EventName, events, chosen } from './contenders.ts';
import type { Run } from './results.ts';
import { cells, report, table } from './table.ts';

function run(contender: string, event: EventName, pauseMs: number | null, lost = 0): Run {
  return {
    ...{ contender, event, pauseMs, lost, round: 1, at: '2026-01-01T00:00:00.000Z' },
    ...{ acknowledged: 100, failed: 3, master: 'n1', masterAfter: 'n2' },
    ...{ etcdLeaderOnMaster: false, writableWithoutAgent: null },
  };
}

const runs = [
  run('holdfast-5', 'switchover', 700),
  run('holdfast-5', 'switchover', 1500),
  run('holdfast-5', 'switchover', 600),
  run('patroni-20', 'switchover', 2600),
  run('patroni-20', 'postmaster', 3900),
  run('patroni-20', 'postmaster', null),
  run('holdfast-5', 'postmaster', 990, 2),
];

test('the table shows median and worst, what never ended and what was lost, and leaves out who did not run', () => {
  assert.equal(
    table(runs, contenders, events),
    [
      '| event | Patroni, ttl 20 | Holdfast, ttl 5 (its default) |',
      '|---|---|---|',
      '| postmaster `kill -9` | 3.90 s (3.90 s), **1 without an end** | 0.99 s (0.99 s), **2 lost** |',
      '| switchover | 2.60 s (2.60 s) | 0.70 s (1.50 s) |',
    ].join('\n'),
  );
});

test('a combination that was not run is a dash', () => {
  assert.match(
    table(runs.slice(0, 5), contenders, events),
    /^\| postmaster `kill -9` \| 3.90 s .* \| – \|$/mu,
  );
});

test('a cluster that did not become whole again is told', () => {
  const unwell = { ...run('patroni-20', 'agent-again', 3000), masterAfter: null, lost: null };
  assert.match(table([unwell], contenders, events), /\| 3\.00 s \(3\.00 s\), \*\*1 not whole again\*\* \|$/u);
});

test('a cell keeps every round', () => {
  const [, , switchover] = cells(runs, contenders, events).toReversed();
  assert.deepEqual(cells(runs, contenders, events).at(-1)?.rounds, [700, 1500, 600]);
  assert.equal(switchover?.contender, 'holdfast-5');
});

test('an unknown name is refused with those that there are', () => {
  assert.throws(
    () => chosen('--only', contenders, 'holdfast-5,patroni'),
    /"patroni".*patroni-30, patroni-20/u,
  );
  assert.deepEqual(
    chosen('--event', events, 'switchover, agent').map(({ name }) => name),
    ['agent', 'switchover'],
  );
});

test('the report names the command, what was lost, and whose database took writes without its agent', () => {
  const killed = [true, false].map((writableWithoutAgent) => ({
    ...run('patroni-20', 'agent', 20_000),
    writableWithoutAgent,
  }));
  const text = report([...runs, ...killed], contenders, events, { command: 'bench', machine: 'two cores' });
  assert.match(text, /^`bench`, two cores\. /u);
  assert.match(text, /\n\nOf 900 acknowledged writes 2 were not there in the end\.\n/u);
  assert.match(text, /agent was killed: Patroni, ttl 20: 1 of 2\.$/u);
});
