import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hasReadSome, pauseAfterPassMs } from './run-turn.ts';

it('a first pass of a term that failed is made again soon, ever less so, and at the latest after the period', () => {
  const after = (failures: number, takesOver = true, everyMs = 60_000): number =>
    pauseAfterPassMs({ everyMs, failures, takesOver });
  assert.deepEqual(
    [1, 2, 3, 7, 100].map((failures) => after(failures)),
    [1000, 2000, 4000, 60_000, 60_000],
  );
  assert.equal(after(0), 60_000);
  assert.equal(after(1, false), 60_000);
  assert.equal(after(1, true, 500), 500);
  assert.equal(after(20, true, 0), 10_000);
});

it('a vault of which no safe and no line of business answers is not read, and an empty one is', () => {
  const safe = (fault: string | null) => ({ branch: 'v/l/s', lob: 'l', safe: 's', accounts: null, fault });
  const lobFaults = [{ lob: 'other', fault: 'refused.' }];
  assert.equal(hasReadSome({ lobFaults: [], safes: [] }), true);
  assert.equal(hasReadSome({ lobFaults, safes: [] }), false);
  assert.equal(hasReadSome({ lobFaults, safes: [safe('refused.')] }), false);
  assert.equal(hasReadSome({ lobFaults: [], safes: [safe('refused.')] }), false);
  assert.equal(hasReadSome({ lobFaults, safes: [safe(null), safe('refused.')] }), true);
});
