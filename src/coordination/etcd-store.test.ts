import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ClusterStore, Compare, Write } from '../core/coordination/cluster-store.ts';
import { isProblem } from '../core/problem.ts';
import { realClock } from '../runtime/real-clock.ts';
import type { EtcdTlsFiles } from './etcd-endpoints.ts';
import { openEtcdGateway } from './etcd-gateway.ts';
import { createEtcdStore } from './etcd-store.ts';
import { encodeText } from './etcd-wire.ts';
import { createMemoryStore } from './memory-store.ts';
import { gatewayTo, type TestMember } from './testing/etcd-members.ts';
import { type LoneEtcd, startLoneEtcd } from './testing/lone-etcd.ts';
import { collect } from './testing/contract-case.ts';
import { storeContract } from './testing/store-contract.ts';

const bounds = { timeoutMs: 5000 };

describe('the etcd store, on a real etcd with mutual TLS', () => {
  const stores: ClusterStore[] = []; // closed at the end, whatever fails: an open watch would keep the test alive
  const opened = (...args: Parameters<typeof createEtcdStore>): ClusterStore => {
    const store = createEtcdStore(...args);
    stores.push(store);
    return store;
  };
  let tls: EtcdTlsFiles;
  let members: readonly TestMember[];
  let etcd: LoneEtcd;

  before(async () => {
    etcd = await startLoneEtcd();
    ({ tls, members } = etcd);
  });

  after(async () => {
    for (const store of stores) store.close();
    await etcd.stop();
  });

  describe('keeps the contract', () => {
    const harness = {
      connect: async () => opened(await gatewayTo(members, tls)),
      pass: () => undefined,
      compact: async (revision: number) => {
        const gateway = await gatewayTo(members, tls);
        const body = { revision: String(revision), physical: true };
        await gateway.call({ path: '/v3/kv/compaction', body, repeat: 'safe', timeoutMs: 5000 });
        gateway.close();
      },
    };
    for (const { name, run } of storeContract) it(name, () => run(harness));
  });

  it('answers random transactions as the memory store does', async () => {
    const real = opened(await gatewayTo(members, tls));
    const double = createMemoryStore({ clock: realClock }).connect();
    const bases = await Promise.all(
      [real, double].map(async (store) => (await store.read('/r/', bounds)).revision),
    );
    const [realBase = 0, doubleBase = 0] = bases;
    const random = generator(20_261_120);
    for (let round = 0; round < 120; round += 1) {
      const { compare, writes } = randomTxn(random, realBase);
      const shifted = compare.map((one) => shift(one, doubleBase - realBase));
      const a = await real.txn(compare, writes, bounds);
      const b = await double.txn(shifted, writes, bounds);
      assert.deepEqual(relative(a, realBase), relative(b, doubleBase), `round ${round}`);
    }
    const [a, b] = [await real.read('/r/', bounds), await double.read('/r/', bounds)];
    assert.deepEqual(
      relative({ ...a, succeeded: true, current: a.entries }, realBase),
      relative({ ...b, succeeded: true, current: b.entries }, doubleBase),
    );
    assert.ok(a.revision > realBase + 20, 'too few of the random transactions changed anything');
    real.close();
  });

  it('goes on telling changes when the silent connection of a watch is made anew', async () => {
    const watchTiming = { silenceMs: 100, createMs: 2000, retryMs: 20 };
    const gateway = await gatewayTo(members, tls);
    const store = opened(gateway, { watchTiming });
    const told = collect(store, '/silent/', (await store.read('/silent/', bounds)).revision + 1);
    for (let round = 0; round < 4; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 130)); // the silence itself is what is tested
      await store.txn([], [{ kind: 'put', key: '/silent/k', value: String(round) }], bounds);
    }
    const events = await told.first(4);
    assert.deepEqual(
      events.map((event) => event.kind === 'put' && event.entry.value),
      ['0', '1', '2', '3'],
    );
    store.close();
  });

  it('reuses its connection from call to call', async () => {
    const gateway = await gatewayTo(members, tls);
    const [endpoint] = gateway.endpoints.order();
    const store = opened(gateway);
    for (let round = 0; round < 5; round += 1) await store.read('/k', bounds);
    const free = Object.values(endpoint?.agent.freeSockets ?? {}).flat();
    assert.equal(free.length, 1);
    store.close();
  });

  it('does not take answers of another cluster', async () => {
    const endpoints = members.map(({ clientUrl }) => clientUrl);
    const gateway = await openEtcdGateway({ endpoints, tls, clusterId: '12345' });
    const store = opened(gateway);
    const foreign = (error: unknown): boolean => isProblem(error, 'store_unavailable', 'store_unanswered');
    await assert.rejects(store.read('/k', { timeoutMs: 300 }), foreign);
    const refused = store.txn([], [{ kind: 'put', key: '/foreign', value: 'v' }], { timeoutMs: 300 });
    await assert.rejects(refused, (error) => isProblem(error, 'store_unavailable'));
    store.close();
    const right = opened(await gatewayTo(members, tls));
    assert.deepEqual((await right.read('/foreign', bounds)).entries, []);
    right.close();
  });

  it('ends a read when its caller gives it up', async () => {
    const store = opened(await gatewayTo(members, tls));
    const given = AbortSignal.abort();
    await assert.rejects(store.read('/k', { timeoutMs: 5000, signal: given }), (error) =>
      isProblem(error, 'store_unavailable'),
    );
    store.close();
  });

  it('names the limit when an answer is too large, and stays usable', async () => {
    const store = opened(await gatewayTo(members, tls));
    const value = 'x'.repeat(1_000_000);
    for (let index = 0; index < 7; index += 1) {
      await store.txn([], [{ kind: 'put', key: `/large/${index}`, value }], bounds);
    }
    await assert.rejects(
      store.read('/large/', { timeoutMs: 1500 }),
      (error) => isProblem(error) && /longer than \d+ bytes/.test(error.detail),
    );
    assert.equal((await store.read('/large/0', bounds)).entries.length, 1);
    store.close();
  });

  it('tells the revision and the text of etcd when it rejects', async () => {
    const gateway = await gatewayTo(members, tls);
    const body = { key: encodeText('k'), revision: '999999999' };
    await assert.rejects(
      gateway.call({ path: '/v3/kv/range', body, repeat: 'safe', timeoutMs: 1000 }),
      (error) => isProblem(error, 'store_rejected') && error.detail.includes('future revision'),
    );
    gateway.close();
  });
});

function randomTxn(
  random: () => number,
  base: number,
): { compare: readonly Compare[]; writes: readonly Write[] } {
  const pick = (limit: number): number => Math.floor(random() * limit);
  const key = (): string => `/r/${pick(4)}`;
  const compare = Array.from({ length: pick(3) }, (): Compare => {
    const target = (['create', 'mod', 'version', 'value'] as const)[pick(4)] ?? 'value';
    if (target === 'value') return { key: key(), target, equals: String(pick(2)) };
    if (target === 'version') return { key: key(), target, equals: pick(3) };
    return { key: key(), target, equals: pick(2) === 0 ? 0 : base + pick(40) };
  });
  const keys = new Set(Array.from({ length: pick(3) }, key));
  const writes = [...keys].map(
    (name): Write =>
      pick(3) === 0 ? { kind: 'delete', key: name } : { kind: 'put', key: name, value: String(pick(2)) },
  );
  return { compare, writes };
}

function shift(compare: Compare, by: number): Compare {
  if (compare.target === 'value' || compare.target === 'version' || compare.equals === 0) return compare;
  return { ...compare, equals: compare.equals + by };
}

function relative(
  result: {
    revision: number;
    succeeded: boolean;
    current: readonly { createRevision: number; modRevision: number; key: string }[];
  },
  base: number,
): unknown {
  const current = result.current
    .map((entry) => ({
      ...entry,
      createRevision: entry.createRevision - base,
      modRevision: entry.modRevision - base,
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  return { succeeded: result.succeeded, revision: result.revision - base, current };
}

/** Small numbers that come in the same order every time (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
