import assert from 'node:assert/strict';
import { isProblem } from '../../core/problem.ts';
import { bounds, collect, type ContractCase } from './contract-case.ts';

export const transactionCases: readonly ContractCase[] = [
  {
    name: 'creates a key once, and shows the loser what stands there',
    run: async (store, root) => {
      const key = `${root}lock`;
      const absent = [{ key, target: 'create', equals: 0 }] as const;
      const won = await store.txn(absent, [{ kind: 'put', key, value: 'a' }], bounds);
      const lost = await store.txn(absent, [{ kind: 'put', key, value: 'b' }], bounds);
      assert.deepEqual([won.succeeded, won.current], [true, []]);
      assert.equal(lost.succeeded, false);
      const entry = { key, value: 'a', version: 1, lease: null };
      const at = { createRevision: won.revision, modRevision: won.revision };
      assert.deepEqual(lost.current, [{ ...entry, ...at }]);
    },
  },
  {
    name: 'lets exactly one of many rivals win each round',
    run: async (store, root) => {
      const key = `${root}counter`;
      await store.txn([], [{ kind: 'put', key, value: '0' }], bounds);
      let wins = 0;
      for (let round = 0; round < 4; round += 1) {
        const [entry] = (await store.read(key, bounds)).entries;
        const compare = [{ key, target: 'mod', equals: entry?.modRevision ?? -1 }] as const;
        const value = String(Number(entry?.value) + 1);
        const rivals = Array.from({ length: 5 }, () =>
          store.txn(compare, [{ kind: 'put', key, value }], bounds),
        );
        wins += (await Promise.all(rivals)).filter(({ succeeded }) => succeeded).length;
      }
      assert.equal(wins, 4);
      const [last] = (await store.read(key, bounds)).entries;
      assert.deepEqual([last?.value, last?.version], ['4', 5]);
    },
  },
  {
    name: 'writes everything in one revision, or nothing',
    run: async (store, root) => {
      const [a, b] = [`${root}a`, `${root}b`];
      const done = await store.txn(
        [{ key: a, target: 'version', equals: 0 }],
        [
          { kind: 'put', key: a, value: '1' },
          { kind: 'put', key: b, value: '' },
        ],
        bounds,
      );
      const refused = await store.txn(
        [
          { key: a, target: 'value', equals: '1' },
          { key: b, target: 'value', equals: 'something' },
        ],
        [
          { kind: 'delete', key: a },
          { kind: 'delete', key: b },
        ],
        bounds,
      );
      const { entries } = await store.read(root, bounds);
      assert.deepEqual([done.succeeded, refused.succeeded], [true, false]);
      assert.deepEqual(
        entries.map(({ key, value, modRevision }) => [key, value, modRevision]),
        [
          [a, '1', done.revision],
          [b, '', done.revision],
        ],
      );
    },
  },
  {
    name: 'compares an absent key as 0, and its value as unequal to everything',
    run: async (store, root) => {
      const key = `${root}nothing`;
      for (const target of ['create', 'mod', 'version'] as const) {
        const { succeeded } = await store.txn([{ key, target, equals: 0 }], [], bounds);
        assert.equal(succeeded, true, target);
      }
      assert.equal((await store.txn([{ key, target: 'value', equals: '' }], [], bounds)).succeeded, false);
    },
  },
  {
    name: 'starts a deleted and recreated key at version 1 with a new creation revision',
    run: async (store, root) => {
      const key = `${root}k`;
      const first = await store.txn([], [{ kind: 'put', key, value: 'x' }], bounds);
      await store.txn([], [{ kind: 'delete', key }], bounds);
      await store.txn([], [{ kind: 'put', key, value: 'y' }], bounds);
      const [entry] = (await store.read(key, bounds)).entries;
      assert.equal(entry?.version, 1);
      assert.ok((entry?.createRevision ?? 0) > first.revision);
    },
  },
  {
    name: 'refuses one key twice, an empty key, and a lease that is not there',
    run: async (store, root) => {
      const put = { kind: 'put', key: `${root}k`, value: 'v' } as const;
      const rejected = (error: unknown): boolean => isProblem(error, 'store_rejected');
      await assert.rejects(store.txn([], [put, { kind: 'delete', key: put.key }], bounds), rejected);
      await assert.rejects(store.txn([], [{ ...put, key: '' }], bounds), rejected);
      await assert.rejects(store.txn([], [{ ...put, lease: '4711' }], bounds), rejected);
      assert.deepEqual((await store.read(root, bounds)).entries, []);
    },
  },
  {
    name: 'returns the keys under the prefix and no neighbours, in byte order',
    run: async (store, root) => {
      const names = ['dir/a', 'dir/ü', 'dir/🜂', 'dir/b', 'dir', 'dir0', 'dis'];
      const writes = names.map((name) => ({ kind: 'put', key: root + name, value: name }) as const);
      await store.txn([], writes, bounds);
      const { entries } = await store.read(`${root}dir/`, bounds);
      assert.deepEqual(
        entries.map(({ value }) => value),
        ['dir/a', 'dir/b', 'dir/ü', 'dir/🜂'],
      );
    },
  },
  {
    name: 'carries long values of many-byte characters whole',
    run: async (store, root) => {
      const value = 'ä€🜂'.repeat(30_000);
      const told = collect(store, root, (await store.read(root, bounds)).revision + 1);
      await store.txn([], [{ kind: 'put', key: `${root}long`, value }], bounds);
      assert.equal((await store.read(root, bounds)).entries[0]?.value, value);
      const [event] = await told.first(1);
      assert.equal(event?.kind === 'put' && event.entry.value === value, true);
      told.stop();
    },
  },
];
