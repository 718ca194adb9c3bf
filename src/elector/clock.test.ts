import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createElectionClock } from './clock.ts';

/** A machine whose boot clock is read in steps. */
function machine(stepMs: number): {
  readonly clock: () => number;
  readonly runs: (ms: number) => void;
  readonly sleeps: (ms: number) => void;
} {
  let [mono, boot] = [1000.7, 5_000_003.2];
  return {
    clock: createElectionClock({ now: () => ({ mono, boot: Math.floor(boot / stepMs) * stepMs }) }),
    runs: (ms) => {
      mono += ms;
      boot += ms;
    },
    sleeps: (ms) => {
      boot += ms;
    },
  };
}

describe('the clock of an election', () => {
  for (const stepMs of [10, 1000]) {
    it(`runs as fast as the machine's, however often it is read: steps of ${stepMs} ms`, () => {
      const { clock, runs } = machine(stepMs);
      for (let each = 0; each < 30_000; each += 1) {
        runs(0.1);
        const aheadMs = clock() - (each + 1) * 0.1;
        assert.ok(Math.abs(aheadMs) < 0.001, `${aheadMs} ms after ${each} readings`);
      }
    });

    it(`goes on while the machine is suspended: steps of ${stepMs} ms`, () => {
      const { clock, runs, sleeps } = machine(stepMs);
      runs(1234);
      sleeps(60_000);
      const first = clock();
      assert.ok(Math.abs(first - 61_234) <= stepMs, String(first));
      runs(500);
      assert.ok(Math.abs(clock() - first - 500) < 0.001);
    });
  }
});
