import assert from 'node:assert/strict';
import { isProblem } from '../../core/problem.ts';
import { bounds, collect, type ContractCase } from './contract-case.ts';

export const watchCases: readonly ContractCase[] = [
  {
    name: 'tells past and coming changes under the prefix, in order, each once',
    run: async (store, root) => {
      const put = (key: string, value: string) =>
        store.txn([], [{ kind: 'put', key: root + key, value }], bounds);
      await put('in/a', 'too early');
      const first = await put('in/a', '1');
      await put('out', 'x');
      const told = collect(store, `${root}in/`, first.revision);
      await put('in/b', '2');
      await store.txn(
        [],
        [
          { kind: 'delete', key: `${root}in/a` },
          { kind: 'put', key: `${root}in/c`, value: '3' },
        ],
        bounds,
      );
      const events = await told.first(4);
      assert.deepEqual(
        events.map((event) => (event.kind === 'put' ? event.entry.value : `deleted ${event.key}`)),
        ['1', '2', `deleted ${root}in/a`, '3'],
      );
      const [, , deleted, last] = events;
      assert.equal(
        deleted?.kind === 'delete' && deleted.modRevision,
        last?.kind === 'put' && last.entry.modRevision,
      );
      told.stop();
    },
  },
  {
    name: 'says that the changes asked for are compacted',
    run: async (store, root, harness) => {
      const put = (value: string) => store.txn([], [{ kind: 'put', key: `${root}k`, value }], bounds);
      const { revision } = await put('1');
      await put('2');
      const { revision: now } = await put('3');
      await harness.compact(now);
      const told = collect(store, root, revision);
      assert.deepEqual(await told.end, { kind: 'compacted', revision: now });
    },
  },
  {
    name: 'ends when its caller stops it, and tells nothing more',
    run: async (store, root) => {
      const told = collect(store, root, (await store.read(root, bounds)).revision + 1);
      told.stop();
      assert.deepEqual(await told.end, { kind: 'stopped' });
      await store.txn([], [{ kind: 'put', key: `${root}k`, value: 'v' }], bounds);
      assert.deepEqual(told.events, []);
    },
  },
  {
    name: 'refuses calls and ends watches once it is closed',
    run: async (store, root) => {
      const told = collect(store, root, (await store.read(root, bounds)).revision + 1);
      store.close();
      assert.deepEqual((await told.end).kind, 'stopped');
      const unavailable = (error: unknown): boolean => isProblem(error, 'store_unavailable');
      await assert.rejects(store.read(root, bounds), unavailable);
      await assert.rejects(
        store.txn([], [{ kind: 'put', key: `${root}k`, value: 'v' }], bounds),
        unavailable,
      );
    },
  },
];
