import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PassOutcome } from '../pass/outcome.ts';
import { selectStatus } from './select-status.ts';
import { statusOf, statusOfError, type SyncStatus } from './status.ts';
import { quietOutcome } from '../testing/outcome.ts';

const layout = { base: 'data', vault: 'v' };
const nothing: PassOutcome = {
  ...quietOutcome,
  times: { listMs: 1, targetMs: 2, policiesMs: 3, valuesMs: 4, totalMs: 10 },
};
const safe = (name: string, accounts: number | null = 2, fault: string | null = null) => ({
  branch: `data/v/l/${name}`,
  lob: 'l',
  safe: name,
  accounts,
  fault,
});
const failure = (name: string, account: string | null, fault = 'no.') => ({
  branch: `data/v/l/${name}`,
  account,
  fault,
});
const summary = ({ safes }: SyncStatus) =>
  safes.map(({ safe: name, at, failed, fault, changed }) => [name, at, failed, fault, changed]);

test('each safe has its counts, and keeps those of the pass that looked at it last', () => {
  const first = statusOf(
    layout,
    {
      ...nothing,
      safes: [safe('b'), safe('a')],
      written: ['data/v/l/a/x/password', 'data/v/l/a/y/password', 'data/v/l/b/x/password'],
      failures: [failure('b', 'z')],
      reports: [{ code: 'branch_foreign', branch: 'data/v/l/b' }],
    },
    null,
    't1',
  );
  assert.deepEqual(summary(first), [
    ['a', 't1', 0, null, { written: 2 }],
    ['b', 't1', 1, null, { written: 1 }],
  ]);
  const second = statusOf(layout, { ...nothing, wholeVault: false, safes: [safe('a')] }, first, 't2');
  assert.deepEqual(summary(second), [
    ['a', 't2', 0, null, {}],
    ['b', 't1', 1, null, { written: 1 }],
  ]);
  assert.deepEqual(second.failures, [{ ...failure('b', 'z'), since: 't1' }]);
  assert.deepEqual(second.reports, first.reports);
  const third = statusOf(
    layout,
    { ...nothing, safes: [], lobFaults: [{ lob: 'l', fault: 'away.' }] },
    second,
    't3',
  );
  assert.deepEqual(summary(third), [
    ['a', 't2', 0, 'away.', {}],
    ['b', 't1', 1, 'away.', { written: 1 }],
  ]);
  const fourth = statusOf(layout, { ...nothing, safes: [safe('a')] }, third, 't4');
  assert.deepEqual(summary(fourth), [['a', 't4', 0, null, {}]]);
});

test('a fault is told with the time of its first appearance, until its account is fine', () => {
  const pass = (failures: PassOutcome['failures'], before: SyncStatus | null, at: string) =>
    statusOf(layout, { ...nothing, safes: [safe('a')], failures }, before, at);
  const first = pass([failure('a', 'x'), failure('a', 'y')], null, 't1');
  const second = pass([failure('a', 'x', 'still no.'), failure('a', 'z')], first, 't2');
  assert.deepEqual(
    second.failures.map(({ account, fault, since }) => [account, fault, since]),
    [
      ['x', 'still no.', 't1'],
      ['z', 'no.', 't2'],
    ],
  );
  assert.deepEqual(pass([], second, 't3').failures, []);
});

test('a pass over the whole vault ends each failure that it does not repeat, but where it could not read', () => {
  const ofLob = { branch: 'data/v/l', account: null, fault: 'refused.' };
  const first = statusOf(
    layout,
    { ...nothing, safes: [safe('a'), safe('b')], failures: [ofLob, failure('a', 'x'), failure('b', null)] },
    null,
    't1',
  );
  const branches = (outcome: Partial<PassOutcome>): readonly string[] =>
    statusOf(layout, { ...nothing, ...outcome }, first, 't2').failures.map(({ branch }) => branch);
  const all = ['data/v/l', 'data/v/l/a', 'data/v/l/b'];
  assert.deepEqual(branches({ safes: [safe('a'), safe('b')] }), [], 'all is well');
  assert.deepEqual(branches({ safes: [safe('a')], failures: [ofLob] }), ['data/v/l'], 'a safe is gone');
  assert.deepEqual(branches({ safes: [] }), [], 'its line of business was taken out of the configuration');
  assert.deepEqual(branches({ lobFaults: [{ lob: 'l', fault: 'away.' }] }), all);
  assert.deepEqual(branches({ lobFaults: [{ lob: 'l2', fault: 'away.' }] }), [], 'l2 is not l');
  assert.deepEqual(branches({ wholeVault: false, safes: [safe('a')] }), ['data/v/l', 'data/v/l/b']);
});

test('a pass that ended early or stopped tells nothing new of safes and accounts', () => {
  const first = statusOf(
    layout,
    { ...nothing, safes: [safe('a')], failures: [failure('a', 'x')] },
    null,
    't1',
  );
  const error = statusOfError('the server is away.', null, first, 't2');
  assert.deepEqual(
    [error.error, error.succeededAt, error.failures, error.safes],
    ['the server is away.', 't1', first.failures, first.safes],
  );
  const stopped = { removals: 9, allowed: 1, identifiers: [] };
  const status = statusOf(layout, { ...nothing, safes: [safe('a')], stopped }, error, 't3');
  assert.deepEqual([status.succeededAt, status.failures, status.error], ['t1', first.failures, null]);
});

test('of 60,000 accounts that fail, the file keeps as many as it has room for, and each safe counts its own', () => {
  const failures = Array.from({ length: 60_000 }, (_, at) =>
    failure(`s${at % 150}`, `account ${at}`, 'x'.repeat(5000)),
  );
  const created = Array.from({ length: 150_000 }, (_, at) => `data/v/l/s${at % 150}/a${at}/password`);
  const safes = Array.from({ length: 150 }, (_, at) => safe(`s${at}`, 1000));
  const first = statusOf(layout, { ...nothing, safes, failures, created }, null, 't1');
  const status = statusOf(layout, { ...nothing, safes, failures, created }, first, 't2');
  assert.equal(status.failures.length + status.unlisted, 60_000);
  assert.deepEqual(
    status.safes.map(({ failed, changed }) => [failed, changed['created']]),
    Array.from({ length: 150 }, () => [400, 1000]),
  );
  assert.ok(JSON.stringify(status).length < 8_000_000);
});

test('a part of it is what concerns a safe, an account, or both', () => {
  const status = statusOf(
    layout,
    {
      ...nothing,
      safes: [safe('a'), safe('b'), safe('c')],
      failures: [failure('a', 'x'), failure('b', 'x'), failure('b', 'y')],
      reports: [
        { code: 'retained', identifier: 'data/v/l/a/x~3A/password' },
        { code: 'source_empty', lob: 'l', safe: 'b', kept: 3 },
        {
          code: 'removal_withheld',
          branch: 'data/v/l/c',
          because: 'source_failed',
          kept: 9,
          identifiers: ['data/v/l/c/z/password'],
        },
      ],
    },
    null,
    't',
  );
  const parts = (filter: { readonly safe: string | null; readonly account: string | null }) => {
    const { safes, failures, reports } = selectStatus(layout, status, filter);
    return [
      safes.map((each) => each.safe).join(),
      failures.map(({ branch, account }) => `${branch.at(-1)}${account}`).join(),
      reports.map(({ code }) => code).join(),
    ];
  };
  assert.deepEqual(parts({ safe: 'b', account: null }), ['b', 'bx,by', 'source_empty']);
  assert.deepEqual(parts({ safe: 'data/v/l/a', account: null }), ['a', 'ax', 'retained']);
  assert.deepEqual(parts({ safe: null, account: 'x' }), ['a,b', 'ax,bx', '']);
  assert.deepEqual(parts({ safe: null, account: 'x:' }), ['', '', 'retained']);
  assert.deepEqual(parts({ safe: 'c', account: 'z' }), ['', '', 'removal_withheld']);
  assert.deepEqual(parts({ safe: 'a', account: 'y' }), ['', '', '']);
});
