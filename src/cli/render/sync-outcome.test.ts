import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PassOutcome } from '../../synchronizer/pass/outcome.ts';
import { plainStyle } from './style.ts';
import { renderOutcome } from './sync-outcome.ts';
import { quietOutcome } from '../../synchronizer/testing/outcome.ts';

test('what somebody should look at is shown before the many variables that stay', () => {
  const outcome: PassOutcome = {
    ...quietOutcome,
    mode: 'full',
    reports: [
      ...Array.from({ length: 500 }, (_, at) => ({
        code: 'retained' as const,
        identifier: `v/l/a/a${at}/password`,
      })),
      { code: 'variable_foreign', identifier: 'v/l/z/db/password' },
    ],
  };
  assert.match(renderOutcome(outcome, plainStyle), /^! v\/l\/z\/db\/password: .*\n! v\/l\/a\/a0\/password /u);
});

test('what a pass would have removed and did not is counted, and the first of it named', () => {
  const text = renderOutcome(
    {
      ...quietOutcome,
      reports: [
        {
          code: 'removal_withheld',
          branch: 'v/l/a',
          because: 'source_failed',
          kept: 3,
          identifiers: ['v/l/a/x/password', 'v/l/a/y/password'],
        },
      ],
    },
    plainStyle,
  );
  assert.match(
    text,
    /^! v\/l\/a: 3 variables that the source has no more can be read as before, since the source did not answer .*: v\/l\/a\/x\/password, v\/l\/a\/y\/password, 1 more\.$/mu,
  );
});

test('a name that another account holds is told with that account, as its safe has it', () => {
  const outcome: PassOutcome = {
    ...quietOutcome,
    reports: [{ code: 'name_held', identifier: 'v/l/a/db/password', account: '12\u001b[31m_7' }],
  };
  const [line = ''] = renderOutcome(outcome, plainStyle).split('\n');
  assert.match(
    line,
    /^! v\/l\/a\/db\/password is the name of another account now, which waits: the account 12/u,
  );
  assert.ok(!line.includes('\u001b'), 'no escape of a terminal comes through');
});
