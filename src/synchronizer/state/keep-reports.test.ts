import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../../core/sync/plan.ts';
import { addReports, keepReports } from './keep-reports.ts';
import { quietOutcome } from '../testing/outcome.ts';

const layout = { base: 'root', vault: 'v' };
const safe = (lob: string, name: string) => ({
  branch: `v/${lob}/${name}`,
  lob,
  safe: name,
  accounts: 1,
  fault: null,
});
const foreign = (branch: string): Report => ({
  code: 'variable_foreign',
  identifier: `${branch}/db/password`,
});

test('what somebody should look at is kept, however much there is that is only told', () => {
  const retained = Array.from(
    { length: 5000 },
    (_, at): Report => ({ code: 'retained', identifier: `v/l/a/a${at}/password` }),
  );
  const shared: Report = { code: 'name_shared', branch: 'v/l/z', name: 'db', accounts: ['1', '2'] };
  const kept = keepReports(layout, { ...quietOutcome, reports: [...retained, foreign('v/l/z'), shared] }, []);
  assert.deepEqual(kept.slice(0, 3), [foreign('v/l/z'), shared, retained[0]]);
  assert.equal(kept.length, 1000);
});

test('reports of safes that a pass did not look at stay as they are', () => {
  const before = [foreign('v/l/a'), foreign('v/l/b'), foreign('v/m/c')];
  const ofA = { ...quietOutcome, wholeVault: false, safes: [safe('l', 'a')] };
  assert.deepEqual(keepReports(layout, ofA, before), [foreign('v/l/b'), foreign('v/m/c')]);
  const branch: Report = { code: 'branch_foreign', branch: 'v/l/a' };
  assert.deepEqual(keepReports(layout, { ...ofA, reports: [branch] }, before), [branch, ...before.slice(1)]);
  const whole = { ...quietOutcome, safes: [safe('l', 'a'), safe('l', 'b'), safe('m', 'c')] };
  assert.deepEqual(keepReports(layout, whole, before), []);
});

test('a line of business that is not read keeps the reports of its safes, and is told once', () => {
  const unread = (fault: string): Report => ({ code: 'source_failed', lob: 'l', safe: null, fault });
  const first = { ...quietOutcome, lobFaults: [{ lob: 'l', fault: 'away.' }], reports: [unread('away.')] };
  const left = keepReports(layout, first, [foreign('v/l/a'), foreign('v/m/c')]);
  assert.deepEqual(left, [unread('away.'), foreign('v/l/a')]);
  const second = { ...first, reports: [unread('still away.')] };
  assert.deepEqual(keepReports(layout, second, left), [unread('still away.'), foreign('v/l/a')]);
});

test('a pass that ends early adds what somebody should look at, once, and takes nothing away', () => {
  const unread = (fault: string): Report => ({ code: 'source_failed', lob: 'l', safe: 'a', fault });
  const renamed: Report = { code: 'renamed', from: 'v/l/b/x/password', to: 'v/l/b/y/password' };
  const first = addReports([unread('away.'), renamed], [foreign('v/m/c')]);
  assert.deepEqual(first, [unread('away.'), foreign('v/m/c')]);
  const second = addReports([foreign('v/m/c'), unread('still away.')], first);
  assert.deepEqual(second, [foreign('v/m/c'), unread('still away.')]);
});
