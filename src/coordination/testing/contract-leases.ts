import assert from 'node:assert/strict';
import { isProblem } from '../../core/problem.ts';
import { bounds, collect, type ContractCase } from './contract-case.ts';

export const leaseCases: readonly ContractCase[] = [
  {
    name: 'deletes the keys of a lease that is revoked, once and for all',
    run: async (store, root) => {
      const lease = await store.grantLease(60, bounds);
      const key = `${root}leased`;
      await store.txn([], [{ kind: 'put', key, value: 'v', lease: lease.id }], bounds);
      assert.equal((await store.read(root, bounds)).entries[0]?.lease, lease.id);
      assert.deepEqual(await store.keepAlive(lease.id, bounds), { ttlSeconds: 60 });
      await store.revoke(lease.id, bounds);
      await store.revoke(lease.id, bounds);
      assert.deepEqual((await store.read(root, bounds)).entries, []);
      assert.equal(await store.keepAlive(lease.id, bounds), 'lost');
    },
  },
  {
    name: 'deletes the keys of a lease that ran out, and keeps those that left it',
    run: async (store, root, harness) => {
      const lease = await store.grantLease(1, bounds);
      assert.ok(lease.ttlSeconds >= 1);
      const put = (name: string, leased: boolean) =>
        ({ kind: 'put', key: root + name, value: name, ...(leased ? { lease: lease.id } : {}) }) as const;
      const { revision } = await store.txn([], [put('goes', true), put('stays', true)], bounds);
      await store.txn([], [put('stays', false)], bounds);
      const told = collect(store, root, revision + 2);
      harness.pass(lease.ttlSeconds * 1000);
      const [event] = await told.first(1);
      assert.equal(event?.kind === 'delete' && event.key, `${root}goes`);
      assert.deepEqual(
        (await store.read(root, bounds)).entries.map(({ value }) => value),
        ['stays'],
      );
      assert.equal(await store.keepAlive(lease.id, bounds), 'lost');
      told.stop();
    },
  },
  {
    name: 'refuses a lease of no time',
    run: async (store) => {
      await assert.rejects(store.grantLease(0, bounds), (error) => isProblem(error, 'store_rejected'));
    },
  },
];
