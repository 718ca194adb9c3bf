import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { emptyState, type SyncState } from './state.ts';
import { linesOfState, stateOfLines } from './state-lines.ts';

const plainObjects = { noNullPrototype: true } as const;
const text = fc.string({ unit: 'binary' });
const states: fc.Arbitrary<SyncState> = fc
  .record({
    target: text,
    checks: fc.dictionary(text, fc.nat(), plainObjects),
    accounts: fc.dictionary(
      text,
      fc.record(
        {
          safe: text,
          name: text,
          revision: fc.option(text),
          properties: fc.array(text),
          comparedAtMs: fc.option(fc.nat()),
        },
        plainObjects,
      ),
      plainObjects,
    ),
    variables: fc.dictionary(
      text,
      fc.record(
        { account: text, digest: fc.option(text), disabled: fc.boolean(), permitted: fc.boolean() },
        plainObjects,
      ),
      {
        noNullPrototype: true,
      },
    ),
    branches: fc.uniqueArray(text),
    doubtful: fc.uniqueArray(text),
    unsure: fc.uniqueArray(text),
    drifted: fc.uniqueArray(text),
    removals: fc.array(fc.record({ atMs: fc.nat(), count: fc.nat() }, plainObjects)),
  })
  .map(({ target, checks, accounts, variables, branches, doubtful, unsure, drifted, removals }) => ({
    ...emptyState(target),
    checks: new Map(Object.entries(checks)),
    doubtful: new Set(doubtful),
    unsure: new Set(unsure),
    drifted: new Set(drifted),
    removals,
    accounts: new Map(Object.entries(accounts)),
    variables: new Map(Object.entries(variables)),
    branches: new Set(branches),
  }));

test('a state comes back from its lines, and from no part of them', () => {
  fc.assert(
    fc.property(states, fc.nat(), (state, at) => {
      const bytes = linesOfState(state, 'key');
      assert.deepEqual(stateOfLines(bytes, 'key'), state);
      assert.equal(stateOfLines(bytes, 'another key'), null);
      assert.equal(stateOfLines(bytes.subarray(0, at % (bytes.length - 2)), 'key'), null);
    }),
  );
});

test('what somebody else wrote, or another version, is no state', () => {
  for (const lines of [
    '',
    '{}',
    '["end"]\n',
    '["state",1,"t",null]\n["end"]\n',
    '["branch","x"]\n["end"]\n',
    'nonsense',
  ])
    assert.equal(stateOfLines(Buffer.from(lines), 'k'), null, lines);
});
