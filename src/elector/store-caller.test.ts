import assert from 'node:assert/strict';
import { test } from 'node:test';
import { electionTiming } from '../core/election/timing.ts';
import { Problem } from '../core/problem.ts';
import { createMemoryElection } from './memory/backend.ts';
import { createPatience } from './patience.ts';
import type { CallAction } from './store-call.ts';
import { createStoreCaller } from './store-caller.ts';

const ttlMs = 10_000;
const renew: CallAction = { kind: 'renew', sessionId: 's' };

/** Calls of which a renewal is answered at this end at times, as where a lease has passed. */
function scene(isCounted: boolean) {
  let answers = 0;
  let renewal: () => Promise<'renewed' | 'gone'> = async () => 'renewed';
  const told: string[] = [];
  let ended = Promise.withResolvers<void>();
  const tell =
    (level: string) =>
    (sentence: string): void =>
      void told.push(`${level}: ${sentence}`);
  const caller = createStoreCaller({
    backend: {
      ...createMemoryElection(ttlMs).connect(),
      renewSession: () => renewal(),
      ...(isCounted ? { answers: () => answers } : {}),
    },
    timing: electionTiming(ttlMs, ttlMs / 3),
    nowMs: () => performance.now(),
    log: { debug: tell('debug'), info: tell('info'), warn: tell('warn'), error: tell('error') },
    patience: createPatience(),
    happens: () => ended.resolve(),
    isDone: () => false,
    hopeless: () => assert.fail('it is not hopeless'),
    called: () => undefined,
  });
  const made = async (action: CallAction): Promise<void> => {
    ended = Promise.withResolvers<void>();
    caller.make(action);
    await ended.promise;
  };
  return {
    told,
    fails: () => {
      renewal = async () => {
        throw new Problem('api_unanswered', 'cut off.');
      };
      return made(renew);
    },
    endsHere: async () => {
      renewal = async () => 'gone';
      await made(renew);
      await made({ kind: 'open' });
    },
    isAnswered: () => {
      renewal = async () => {
        answers += 1;
        return 'renewed';
      };
      return made(renew);
    },
  };
}

test('the store answers again when it has answered, and not when a lease has passed meanwhile', async () => {
  const { told, fails, endsHere, isAnswered } = scene(true);
  await fails();
  await fails();
  await endsHere();
  assert.deepEqual(
    told.map((line) => line.split(':')[0]),
    ['warn', 'debug'],
  );
  await isAnswered();
  await isAnswered();
  assert.deepEqual(told.slice(2), ['info: the store answers again.']);
});

test('where each call asks the store, it answers again with the first that succeeds', async () => {
  const { told, fails, endsHere } = scene(false);
  await fails();
  await endsHere();
  assert.deepEqual(told.slice(1), ['info: the store answers again.']);
});
