import assert from 'node:assert/strict';
import { test } from 'node:test';
import { driftReports } from './drift-reports.ts';
import { adoptTarget, emptyState, madeVariable } from './state.ts';

const layout = { base: 'root', vault: 'v' };

test('drift is told of variables that are still ours, in the safes of the pass, and forgotten with them', () => {
  const state = emptyState('t');
  const ids = ['v/l/a/db/password', 'v/l/b/db/password', 'v/l/a/gone/password'];
  for (const id of ids) state.drifted.add(id);
  for (const id of ids.slice(0, 2)) state.variables.set(id, madeVariable('l/1', 'd'));
  assert.deepEqual(driftReports(layout, state, [{ branch: 'v/l/a' }]), [
    { code: 'value_drifted', identifier: ids[0] },
  ]);
  const rest = { account: 'l/1', disabled: false, permitted: true, foreignPermits: [] };
  adoptTarget(layout, state, {
    policies: new Map(),
    groups: new Set(),
    variables: new Map([['v/l/b/db/password', rest]]),
  });
  assert.deepEqual([...state.drifted], ['v/l/b/db/password']);
});
