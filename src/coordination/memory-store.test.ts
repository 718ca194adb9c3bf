import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Instant, plus } from '../core/clock.ts';
import { isProblem } from '../core/problem.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { collect } from './testing/contract-case.ts';
import { storeContract } from './testing/store-contract.ts';

const bounds = { timeoutMs: 1000 };

function storeOnManualClock(): { readonly memory: MemoryStore; readonly pass: (ms: number) => void } {
  let now: Instant = { mono: 0, boot: 0 };
  const memory = createMemoryStore({ clock: { now: () => now } });
  const pass = (ms: number): void => {
    now = plus(now, ms);
    memory.tick();
  };
  return { memory, pass };
}

describe('the memory store keeps the contract', () => {
  const { memory, pass } = storeOnManualClock();
  const harness = {
    connect: async () => memory.connect(),
    pass,
    compact: async (revision: number) => memory.state.compact(revision),
  };
  for (const { name, run } of storeContract) it(name, () => run(harness));
});

describe('the memory store behind a link', () => {
  it('applies an unanswered transaction after its time, when the link says so', async () => {
    const { memory } = storeOnManualClock();
    let late = (): void => undefined;
    const slow = memory.connect(({ deliver }) => {
      late = deliver;
      return 'unanswered';
    });
    const other = memory.connect();
    const write = slow.txn([], [{ kind: 'put', key: 'k', value: 'v' }], bounds);
    await assert.rejects(write, (error) => isProblem(error, 'store_unanswered'));
    assert.deepEqual((await other.read('k', bounds)).entries, []);
    late();
    assert.equal((await other.read('k', bounds)).entries[0]?.value, 'v');
  });

  it('never applies a refused transaction', async () => {
    const { memory } = storeOnManualClock();
    const cut = memory.connect(() => 'refused');
    const write = cut.txn([], [{ kind: 'put', key: 'k', value: 'v' }], bounds);
    await assert.rejects(write, (error) => isProblem(error, 'store_unavailable'));
    assert.deepEqual((await memory.connect().read('k', bounds)).entries, []);
  });

  it('keeps a lease that is renewed, and gives all leases their full time again after a leader change', async () => {
    const { memory, pass } = storeOnManualClock();
    const store = memory.connect();
    const { id } = await store.grantLease(2, bounds);
    pass(1900);
    assert.deepEqual(await store.keepAlive(id, bounds), { ttlSeconds: 2 });
    pass(1900);
    memory.state.renewAllLeases();
    pass(1900);
    assert.deepEqual(await store.keepAlive(id, bounds), { ttlSeconds: 2 });
    pass(2000);
    assert.equal(await store.keepAlive(id, bounds), 'lost');
  });

  it('tells a watch of a change only after the call that made it', async () => {
    const { memory } = storeOnManualClock();
    const store = memory.connect();
    const told = collect(store, 'k', 1);
    memory.state.txn([], [{ kind: 'put', key: 'k', value: 'v' }]);
    assert.equal(told.events.length, 0);
    assert.equal((await told.first(1)).length, 1);
    told.stop();
  });
});
