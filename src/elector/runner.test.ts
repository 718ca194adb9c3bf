import assert from 'node:assert/strict';
import { test } from 'node:test';
import { electionTiming } from '../core/election/timing.ts';
import { createElectionClock } from './clock.ts';
import { createMemoryElection } from './memory/backend.ts';
import { runElection, type ElectionRun } from './runner.ts';

const ttlMs = 2000;
const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

test('what happens while a leader is told waits until it has been told', { timeout: 10_000 }, async () => {
  const told: string[] = [];
  const run: ElectionRun = runElection({
    backend: createMemoryElection(ttlMs).connect(),
    timing: electionTiming(ttlMs, 500),
    log: silent,
    nowMs: createElectionClock(),
    office: {
      elected: () => {
        told.push('elected');
        run.stop();
        told.push('all of it');
      },
      deposed: async () => void told.push('deposed'),
    },
  });
  await run.done;
  assert.deepEqual(told, ['elected', 'all of it', 'deposed']);
});
