import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SeenLock } from '../../core/election/backend.ts';
import { fencingToken } from '../../core/election/fencing-token.ts';
import { Problem } from '../../core/problem.ts';
import type { ConjurBackend } from '../../elector/conjur/contender.ts';
import { createMemoryElection } from '../../elector/memory/backend.ts';
import { tellingWhoLeads } from './telling-who-leads.ts';

const leaseMs = 10_000;
const options = { timeoutMs: 1000, waitMs: 1000, signal: new AbortController().signal };

/** A watch that answers what it is told to, at a time that it is told. */
function scene() {
  const told: (string | null)[] = [];
  const now = { ms: 5_000_000 };
  const state: { holder: string | null; fault: Problem | null; blind: number } = {
    holder: null,
    fault: null,
    blind: 0,
  };
  const backend: ConjurBackend = {
    ...createMemoryElection(leaseMs).connect(),
    watch: async (): Promise<SeenLock> => {
      if (state.fault !== null) throw state.fault;
      return { holder: state.holder, token: fencingToken(1, 1), isUnsettled: false, cursor: '1' };
    },
    writer: () => null,
    renewNow: async () => 'gone',
    leader: () => state.holder,
  };
  const telling = tellingWhoLeads(backend, {
    leaseMs,
    nowMs: () => now.ms,
    onOther: (name) => void told.push(name),
    onBlind: () => void (state.blind += 1),
  });
  const watch = async (given = options): Promise<void> => {
    await telling.watch(null, given).catch((error: unknown) => {
      if (error !== state.fault) throw error;
    });
  };
  const open = async (): Promise<string> => (await telling.openSession(options)).id;
  return { told, now, state, watch, open };
}

describe('who leads', () => {
  it('is told when it changes', async () => {
    const { told, state, watch } = scene();
    for (const holder of [null, 'one', 'one', 'two', null]) {
      state.holder = holder;
      await watch();
    }
    assert.deepEqual(told, ['one', 'two', null]);
  });

  it('is nobody else while the host of an own session stands there, also of one that has ended', async () => {
    const { told, state, watch, open } = scene();
    state.holder = await open();
    await watch();
    await open();
    await watch();
    assert.deepEqual(told, []);
    state.holder = 'two';
    await watch();
    assert.deepEqual(told, ['two']);
  });

  it('is not known any more after a lease in which nothing was seen', async () => {
    const { told, state, watch, now } = scene();
    state.holder = 'one';
    await watch();
    state.fault = new Problem('api_unauthenticated', 'refused.');
    now.ms += leaseMs - 1;
    await watch();
    assert.deepEqual([told, state.blind], [['one'], 0]);
    now.ms += 1;
    await watch();
    await watch();
    assert.deepEqual([told, state.blind], [['one', null], 1]);
    now.ms += leaseMs;
    await watch();
    assert.equal(state.blind, 2);
    state.fault = null;
    await watch();
    assert.deepEqual(told, ['one', null, 'one']);
  });

  it('is known as long as looks succeed now and then, and a watch that is given up says nothing', async () => {
    const { told, state, watch, now } = scene();
    state.holder = 'one';
    const refused = new Problem('api_unavailable', 'not now.');
    for (let round = 0; round < 4; round += 1) {
      state.fault = null;
      await watch();
      state.fault = refused;
      now.ms += leaseMs - 1;
      await watch();
    }
    now.ms += leaseMs;
    await watch({ ...options, signal: AbortSignal.abort() });
    assert.deepEqual([told, state.blind], [['one'], 0]);
  });
});
