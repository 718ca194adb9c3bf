import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyTally, type PassOutcome } from '../../synchronizer/pass/outcome.ts';
import { plainStyle } from './style.ts';
import { renderOutcome } from './sync-outcome.ts';

test('what somebody should look at is shown before the many variables that stay', () => {
  const outcome: PassOutcome = {
    ...emptyTally(),
    mode: 'full',
    dryRun: false,
    wholeVault: true,
    safes: [],
    lobFaults: [],
    stopped: null,
    accounts: 0,
    unchanged: 0,
    reports: [
      ...Array.from({ length: 500 }, (_, at) => ({
        code: 'retained' as const,
        identifier: `v/l/a/a${at}/password`,
      })),
      { code: 'variable_foreign', identifier: 'v/l/z/db/password' },
    ],
    times: { listMs: 0, targetMs: 0, policiesMs: 0, valuesMs: 0, totalMs: 0 },
  };
  assert.match(renderOutcome(outcome, plainStyle), /^! v\/l\/z\/db\/password: .*\n! v\/l\/a\/a0\/password /u);
});
