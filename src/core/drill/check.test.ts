import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from './check.ts';
import type { History } from './history.ts';
import { look, looks, node, read, round, write } from './testing/hand-made.ts';
import type { Violation } from './verdict.ts';

/** Says that a history breaks exactly one promise. */
function broken(history: History, kind: Violation['kind'], sentence: RegExp, key: string | null = 'k'): void {
  const { violations, result } = check(history, 1);
  assert.deepEqual(
    violations.map((violation) => [violation.kind, violation.key]),
    [[kind, key]],
    JSON.stringify(violations),
  );
  assert.match(violations[0]?.sentence ?? '', sentence);
  assert.equal(result, 'failed');
}

function fine(history: History): void {
  const { violations, result } = check(history, 1);
  assert.deepEqual(violations, []);
  assert.equal(result, 'passed');
}

const three = [write(1, [1100, 1110]), write(2, [1120, 1130]), write(3, [1140, 1150])];

test('finds an acknowledged write lost that is the last', () => {
  broken(
    round({ operations: three, kept: [1, 2] }),
    'lost write',
    /^Version 3 of k was acknowledged 0\.150 s after the fault began and is not among .*version 2\.$/u,
  );
});

test('finds an acknowledged write lost between others', () => {
  broken(round({ operations: three, kept: [1, 3] }), 'lost write', /^Version 2 .*there is version 3\.$/u);
});

test('finds acknowledged writes lost when there is no value in the end', () => {
  broken(
    round({ operations: three.slice(0, 1), kept: [], final: null }),
    'lost write',
    /there is no value\.$/u,
  );
});

test('finds the newest write lost by what is read in the end alone', () => {
  const history = round({ operations: three, final: 2 });
  broken({ ...history, kept: new Map() }, 'lost write', /^Version 3 .* is gone; .*version 2\.$/u);
});

test('does not miss what is older than the twenty kept versions, but what is younger', () => {
  const operations = Array.from({ length: 25 }, (_, i) => write(i + 1, [1100 + i * 10, 1105 + i * 10]));
  fine(round({ operations }));
  const versions = operations.map(({ version }) => version ?? 0);
  const without = (gone: number): number[] => versions.filter((version) => version !== gone).slice(-20);
  fine(round({ operations, kept: without(5) }));
  broken(round({ operations, kept: without(6) }), 'lost write', /^Version 6 /u);
});

test('takes a write whose client gave up for done, not done, and done late', () => {
  const operations = [
    write(1, [1100, 1110]),
    write(2, [1120, 1130], { outcome: 'indeterminate' }),
    write(3, [1140, 1150]),
  ];
  for (const kept of [
    [1, 3],
    [1, 2, 3],
    [1, 3, 2],
  ])
    fine(round({ operations, kept }));
  broken(round({ operations, kept: [1, 2] }), 'lost write', /^Version 3 /u);
});

test('asks for the kept versions where only they can tell a late write from a loss', () => {
  const operations = [write(1, [1100, 1110], { outcome: 'indeterminate' }), write(2, [1120, 1130])];
  const history = round({ operations, final: 1 });
  broken({ ...history, kept: new Map() }, 'did not heal', /kept versions .* were not read/u);
});

test('finds kept versions out of order', () => {
  broken(
    round({ operations: three, kept: [2, 1, 3] }),
    'versions out of order',
    /version 2 in front of version 1/u,
  );
});

test('finds a version that is kept twice', () => {
  broken(round({ operations: three, kept: [1, 2, 2, 3] }), 'duplicate value', /is kept 2 times/u);
});

test('finds values that nobody wrote, that failed, and that were read before they were written', () => {
  broken(
    round({ operations: three, kept: [1, 2, 3, 7] }),
    'unexpected value',
    /^In the end k has version 7/u,
  );
  broken(round({ operations: [...three, read(9, [1160, 1170])] }), 'unexpected value', /found version 9/u);
  broken(round({ operations: [...three, read(3, [1132, 1138])] }), 'unexpected value', /begun to write/u);
  const refused = write(4, [1160, 1170], { outcome: 'failed' });
  fine(round({ operations: [...three, refused] }));
  const followers = { kind: 'followers' } as const;
  const shown = read(4, [1180, 1190], { way: followers });
  broken(round({ operations: [...three, refused, shown] }), 'unexpected value', /certainly failed/u);
});

test('finds a stale read on a master, through the load balancer and straight', () => {
  const sentence = /found version 1; version 2, .* had been acknowledged 0\.001 s earlier\.$/u;
  const stale = (way?: ReturnType<typeof node>): History => {
    const operation = read(1, [1131, 1135], way === undefined ? {} : { way });
    return round({ operations: [...three, operation], sightings: [look('b', 900, 'standby')] });
  };
  broken(stale(), 'stale read on a master', sentence);
  broken(stale(node('a')), 'stale read on a master', /straight to a/u);
  broken(stale(node('b')), 'stale read on a master', /straight to b/u);
  fine(round({ operations: [...three, read(1, [1129, 1135])] }));
  broken(
    round({ operations: [...three, read(null, [1131, 1135])] }),
    'stale read on a master',
    /found no value/u,
  );
});

test('finds a read that goes back behind what was read, though nobody was told that it was written', () => {
  const operations = [
    write(1, [1100, 1110]),
    write(2, [1120, 1300], { outcome: 'indeterminate' }),
    read(2, [1130, 1140]),
  ];
  broken(
    round({ operations: [...operations, read(1, [1141, 1150])], kept: [1, 2] }),
    'read that goes back',
    /found version 1/u,
  );
  broken(round({ operations, kept: [1] }), 'read that goes back', /^Version 2 of k was read from a master/u);
  fine(round({ operations, kept: [1, 2] }));
  const unkept = { ...round({ operations, final: 1 }), kept: new Map() };
  broken(unkept, 'read that goes back', /^Version 2 of k was read from a master .* is gone; .*version 1\.$/u);
});

test('finds reads that turn twice between two writes at the same time', () => {
  const late = write(1, [1100, 1110], { outcome: 'indeterminate' });
  const second = write(2, [1120, 1200]);
  const turns = (versions: readonly number[]): History =>
    round({
      operations: [
        late,
        second,
        ...versions.map((version, i) => read(version, [1130 + i * 10, 1135 + i * 10])),
      ],
      kept: [1, 2],
    });
  fine(turns([1, 2, 2]));
  broken(turns([1, 2, 1]), 'read that goes back', /found version 1/u);
});

const followed = (between: ReturnType<typeof looks>, targets = ['a']): History =>
  round({
    operations: [
      ...three,
      read(3, [1200, 1205], { way: node('f') }),
      read(1, [1300, 1305], { way: node('f') }),
    ],
    sightings: [...looks('f', [1000, 1240], 'follower'), ...between, ...looks('f', [1260, 1400], 'follower')],
    span: { targets },
  });

test('finds a follower that goes back within one life, and lets it be behind', () => {
  broken(followed([]), 'read that goes back', /straight to f .* had been read there/u);
  const behind = read(1, [1200, 1205], { way: node('f') });
  fine(round({ operations: [...three, behind], sightings: looks('f', [1000, 1400], 'follower') }));
});

test('lets a follower go back when it was away, was struck, or was not looked at', () => {
  fine(followed([look('f', 1250, 'starting')]));
  fine(followed([look('f', 1250, 'silent')]));
  fine(followed([], ['f']));
  fine({ ...followed([]), sightings: [look('f', 100, 'follower')] });
});

const direct = (name: string, version: number, at: number): ReturnType<typeof write> =>
  write(version, [at, at + 4], { way: node(name) });

test('finds two writers when a master goes on after another node acknowledged', () => {
  const operations = [direct('a', 1, 1102), direct('b', 2, 1132), direct('a', 3, 1162)];
  for (const term of [0, 1, 2]) {
    const sightings = [...looks('a', [1000, 1200], 'master', 1), ...looks('b', [1120, 1140], 'master', term)];
    const { violations } = check(round({ operations, sightings }), 1);
    const [first] = violations;
    assert.deepEqual([first?.kind, first?.key, first?.at], ['two writers', 'k', 136]);
    assert.match(first?.sentence ?? '', /a, master of term 1 since before that, acknowledged version 3/u);
    // The write of the master that should have ended is one too many as well, where the terms tell.
    assert.equal(violations.length, term === 2 ? 2 : 1);
  }
});

test('finds two writers when a master goes on under an older term than another has', () => {
  const sightings = [...looks('a', [1000, 1200], 'master', 1), look('b', 1110, 'master', 2)];
  const history = round({ operations: [direct('a', 1, 1102), direct('a', 2, 1122)], sightings });
  broken(history, 'two writers', /^a, master of term 1, .*; b had been seen as master of term 2/u);
});

test('takes a mastership for one, whether or not the node was silent in between', () => {
  const sightings = [
    look('a', 1000, 'master', 1),
    look('a', 1100, 'silent'),
    look('a', 1300, 'master', 1),
    ...looks('b', [1100, 1200], 'master', 1),
  ];
  const operations = [direct('b', 1, 1132), direct('a', 2, 1162)];
  broken(round({ operations, sightings }), 'two writers', /^b, master of term 1/u);
});

test('lets a mastership change, change back, and an old master pass writes on', () => {
  const operations = [
    direct('a', 1, 1102),
    direct('b', 2, 1202),
    // It has handed over, and answers in the name of its successor.
    write(1, [1250, 1255], { way: node('a'), key: 'passed-on' }),
    direct('b', 3, 1302),
    direct('a', 4, 1402),
  ];
  const sightings = [
    ...looks('a', [1000, 1140], 'master', 1),
    ...looks('a', [1150, 1340], 'standby', 2),
    ...looks('a', [1350, 1500], 'master', 3),
    ...looks('b', [1000, 1150], 'standby', 1),
    ...looks('b', [1160, 1330], 'master', 2),
    ...looks('b', [1340, 1500], 'standby', 3),
  ];
  fine(round({ operations, sightings }));
  // The term tells that it was another mastership, though nobody looked in between.
  fine(round({ operations, sightings: sightings.filter(({ says }) => says?.role === 'master') }));
  // The looks are what tells it from two masters that take turns.
  const unbroken = [...looks('a', [1000, 1500], 'master', 1), ...looks('b', [1160, 1330], 'master', 2)];
  assert.equal(check(round({ operations, sightings: unbroken }), 1).result, 'failed');
});

test('tells of two claims without calling them a violation', () => {
  const sightings = [...looks('a', [1000, 1200], 'master', 1), ...looks('b', [1150, 1250], 'master', 2)];
  const verdict = check(round({ operations: three, sightings }), 1);
  assert.deepEqual(verdict.twoClaims, [{ from: 151, to: 200, nodes: ['a', 'b'] }]);
  assert.equal(verdict.result, 'passed');
  // Two claims that were each seen once, at no time that both must cover, are none.
  const once = [look('a', 1100, 'master', 1), look('b', 1100.5, 'master', 2)];
  assert.deepEqual(check(round({ operations: three, sightings: once }), 1).twoClaims, []);
  const within = [...looks('a', [1000, 1200], 'master', 1), look('b', 1100.5, 'master', 2)];
  assert.deepEqual(check(round({ operations: three, sightings: within }), 1).twoClaims, [
    { from: 100.5, to: 101.5, nodes: ['a', 'b'] },
  ]);
});

test('fails a round after which the cluster did not heal', () => {
  const healthy = round({ operations: three });
  const neverWhole = { ...healthy, redundancy: [...healthy.redundancy, { at: 2600, whole: false }] };
  const early = { startedAt: 1990, endedAt: 2010 };
  const noWrite = {
    ...healthy,
    operations: healthy.operations.map((operation) =>
      operation.key === 'healed' ? { ...operation, ...early } : operation,
    ),
  };
  const unread = { ...healthy, final: new Map([['healed', 1]]) };
  for (const history of [neverWhole, noWrite, unread, { ...healthy, redundancy: [] }]) {
    const { violations, result } = check(history, 1);
    assert.deepEqual(
      violations.map(({ kind }) => kind),
      ['did not heal'],
    );
    assert.equal(result, 'failed');
  }
});

test('calls a fault that never was in effect no pass, and a loss without any fault a failure', () => {
  const span = { inEffectAt: null };
  const none = check(round({ operations: three, span }), 4);
  assert.deepEqual([none.result, none.tookEffect, none.round], ['no effect', false, 4]);
  assert.equal(none.firstWriteBalancerMs, null);
  assert.equal(check(round({ operations: three, kept: [1], span }), 1).result, 'failed');
});

test('finds a failover needless where the fault leaves the master alone, and only there', () => {
  const sightings = [...looks('a', [900, 1500], 'master'), look('b', 1600, 'master', 2)];
  const history = round({ operations: three, sightings });
  fine(history);
  broken(
    { ...history, span: { ...history.span, keepsMaster: true } },
    'needless failover',
    /^b told of term 2 0\.601 s after the fault began; a should have stayed master in term 1\.$/u,
    null,
  );
});
