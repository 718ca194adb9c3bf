import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { runFaults } from './testing/sync/faults.ts';
import { checkTrail, type TrailRecord } from './testing/sync/trail-check.ts';

const places = { account: 'default', vault: 'corp' };
const leader = 'conjur/vault-synchronizer/leader';
const writer = (name: string): string => `default:host:${leader}/writer-${name}`;

/** Records in the order in which they are given. */
function trail(...steps: readonly Omit<TrailRecord, 'id' | 'timestamp'>[]): readonly TrailRecord[] {
  return steps.map((step, at) => ({ ...step, id: at + 1, timestamp: '' }));
}
const made = (name: string) => ({
  user: 'default:host:sync-1',
  operation: 'add',
  subject: writer(name),
  policy: `default:policy:${leader}`,
});
const renewed = (by: string) => ({
  user: by,
  operation: 'update',
  subject: 'default:variable:conjur/vault-synchronizer/leader-expiration',
  policy: null,
});
const wrote = (by: string, variable = 'corp/l/s/a/password') => ({
  user: by,
  operation: 'update',
  subject: `default:variable:${variable}`,
  policy: null,
});
const loaded = (by: string, operation = 'remove') => ({
  user: by,
  operation,
  subject: 'default:variable:corp/l/s/a/password',
  policy: 'default:policy:corp/l/s',
});

describe('who looks through the trail', () => {
  it('finds nothing in terms that follow one another', () => {
    const records = trail(
      made('a'),
      renewed(writer('a')),
      wrote(writer('a')),
      made('loser'),
      made('b'),
      wrote(writer('a')),
      renewed(writer('b')),
      loaded(writer('b'), 'add'),
      wrote(writer('b')),
      wrote('default:user:admin', 'other/variable'),
    );
    assert.deepEqual(checkTrail(records, places), { broken: [], terms: 2, writes: 4 });
  });

  for (const [words, late] of [
    ['a value', wrote(writer('a'))],
    ['a renewal', renewed(writer('a'))],
    ['a policy', loaded(writer('a'))],
  ] as const) {
    it(`sees ${words} of a deposed leader behind the first write of its successor`, () => {
      for (const first of [renewed(writer('b')), wrote(writer('b')), loaded(writer('b'))]) {
        const { broken } = checkTrail(trail(made('a'), wrote(writer('a')), made('b'), first, late), places);
        assert.equal(broken.length, 1);
        assert.match(broken[0] ?? '', /writer-a, of term 1, after record 4 .*writer-b$/u);
      }
    });
  }

  it('sees who writes and is no writer', () => {
    for (const step of [wrote, loaded, renewed]) {
      const { broken } = checkTrail(trail(made('a'), step('default:host:sync-2')), places);
      assert.match(broken[0] ?? '', /by default:host:sync-2, who is no writer/u);
    }
  });
});

// 100 faults, and a seed of one's own: npm run sync:faults
const faults = 10;

test(`three synchronizers live through ${faults} random faults, one writer at a time, and nothing is lost`, {
  timeout: 900_000,
}, async (t) => {
  const seed = 20_261_146;
  t.diagnostic(`seed ${seed}`);
  const report = await runFaults({ seed, faults, members: 3, tell: (line) => t.diagnostic(line) });
  assert.deepEqual(report.broken, []);
  // A run in which nothing happened would prove nothing.
  assert.ok(report.terms > 3, `${report.terms} terms`);
  assert.ok(report.writes > 300, `${report.writes} writes`);
  const { longestMs, settledMs, changes, writes, terms } = report;
  t.diagnostic(
    `${changes} changes, ${writes} writes in ${terms} terms; longest ${Math.round(longestMs)} ms, equal after ${Math.round(settledMs)} ms`,
  );
});
