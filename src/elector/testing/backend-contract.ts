import assert from 'node:assert/strict';
import type { ElectionBackend, SeenLock } from '../../core/election/backend.ts';
import { isFencingToken } from '../../core/election/fencing-token.ts';

/** One election of its own, as the contract needs it. */
export interface ElectionUnderTest {
  /** Of sessions, where `contractTtlMs` is too short for the store: that of an election with several requests to take the lock. */
  readonly ttlMs?: number;
  /** Another contender's connection, whose sessions have that TTL. The contract closes it. */
  readonly connect: () => Promise<ElectionBackend>;
  /** What a stranger does to the store. */
  readonly deleteLock: () => Promise<void>;
  /** Writes a value over the lock, without locking. */
  readonly overwriteLock: () => Promise<void>;
}

export const contractTtlMs = 2000;

const bounds = { timeoutMs: 5000 };
const never = new AbortController().signal;

type Scene = ElectionUnderTest;

function look(backend: ElectionBackend): Promise<SeenLock> {
  return backend.watch(null, { ...bounds, waitMs: 0, signal: never });
}

async function opened(backend: ElectionBackend): Promise<string> {
  return (await backend.openSession(bounds)).id;
}

async function taken(backend: ElectionBackend, id: string): Promise<SeenLock> {
  const lock = await backend.acquire(id, await look(backend), bounds);
  assert.ok(lock !== 'gone');
  assert.equal(lock.holder, id);
  return lock;
}

const cases: readonly { readonly name: string; readonly run: (scene: Scene) => Promise<void> }[] = [
  {
    name: 'a session lives while it is renewed, and is gone once it was closed',
    run: async ({ connect, ttlMs: asked = contractTtlMs }) => {
      const backend = await connect();
      const { id, ttlMs } = await backend.openSession(bounds);
      assert.ok(ttlMs >= asked, String(ttlMs));
      assert.equal(await backend.renewSession(id, bounds), 'renewed');
      await backend.closeSession(id, bounds);
      assert.equal(await backend.renewSession(id, bounds), 'gone');
      await backend.closeSession(id, bounds);
    },
  },
  {
    name: 'a lock that nobody has ever held is free, and is told at once',
    run: async ({ connect }) => {
      const { holder, token } = await look(await connect());
      assert.equal(holder, null);
      assert.ok(isFencingToken(token), token);
    },
  },
  {
    name: 'a free lock is taken, by a younger token',
    run: async ({ connect }) => {
      const backend = await connect();
      const before = await look(backend);
      const lock = await taken(backend, await opened(backend));
      assert.ok(lock.token > before.token);
      assert.equal(lock.isUnsettled, false);
      assert.deepEqual(await look(backend), lock);
    },
  },
  {
    name: 'a lock that somebody holds is not taken',
    run: async ({ connect }) => {
      const [one, other] = [await connect(), await connect()];
      const seen = await look(other);
      const lock = await taken(one, await opened(one));
      const id = await opened(other);
      assert.deepEqual(await other.acquire(id, seen, bounds), lock);
      assert.deepEqual(await other.acquire(id, lock, bounds), lock);
    },
  },
  {
    name: 'a lock that is free again, but not as it was seen, is not taken',
    run: async ({ connect }) => {
      const [one, other] = [await connect(), await connect()];
      const [oneId, otherId] = [await opened(one), await opened(other)];
      const seen = await look(other);
      await taken(one, oneId);
      await one.release(oneId, bounds);
      const lock = await other.acquire(otherId, seen, bounds);
      assert.equal(lock !== 'gone' && lock.holder, null);
      await taken(other, otherId);
    },
  },
  {
    name: 'a released lock is free and settled, and the next token is younger',
    run: async ({ connect }) => {
      const [one, other] = [await connect(), await connect()];
      const [oneId, otherId] = [await opened(one), await opened(other)];
      const first = await taken(one, oneId);
      await one.release(oneId, bounds);
      const { holder, isUnsettled } = await look(other);
      assert.deepEqual([holder, isUnsettled], [null, false]);
      const second = await taken(other, otherId);
      assert.ok(second.token > first.token);
    },
  },
  {
    name: 'a release by one who does not hold the lock changes nothing',
    run: async ({ connect }) => {
      const [one, other] = [await connect(), await connect()];
      const lock = await taken(one, await opened(one));
      await other.release(await opened(other), bounds);
      assert.deepEqual(await look(other), lock);
    },
  },
  {
    name: 'the end of a session frees its lock, and settles it',
    run: async ({ connect }) => {
      const [one, other] = [await connect(), await connect()];
      const id = await opened(one);
      await taken(one, id);
      await one.closeSession(id, bounds);
      const { holder, isUnsettled } = await look(other);
      assert.deepEqual([holder, isUnsettled], [null, false]);
    },
  },
  {
    name: 'a session that is not renewed ends, not before its TTL and at most about twice that later',
    run: async ({ connect, ttlMs = contractTtlMs }) => {
      const [one, other] = [await connect(), await connect()];
      const sentAt = performance.now();
      const id = await opened(one);
      const lock = await taken(one, id);
      const free = await other.watch(lock, { ...bounds, waitMs: 4 * ttlMs, signal: never });
      const afterMs = performance.now() - sentAt;
      assert.equal(free.holder, null);
      assert.ok(afterMs >= ttlMs && afterMs < 3.5 * ttlMs, `after ${afterMs} ms`);
      assert.equal(await one.renewSession(id, bounds), 'gone');
    },
  },
  {
    name: 'a watch tells a change when it happens',
    run: async ({ connect }) => {
      const [one, other] = [await connect(), await connect()];
      const before = await look(other);
      const told = other.watch(before, { ...bounds, waitMs: 20_000, signal: never });
      const lock = await taken(one, await opened(one));
      assert.deepEqual(await told, lock);
    },
  },
  {
    name: 'a watch without a change ends after its time, and tells the same',
    run: async ({ connect }) => {
      const backend = await connect();
      const id = await opened(backend);
      const lock = await taken(backend, id);
      const startedAt = performance.now();
      assert.deepEqual(await backend.watch(lock, { ...bounds, waitMs: 300, signal: never }), lock);
      const tookMs = performance.now() - startedAt;
      assert.ok(tookMs >= 290 && tookMs < 1500, `${tookMs} ms`);
    },
  },
  {
    name: 'a watch can be given up',
    run: async ({ connect }) => {
      const backend = await connect();
      const giveUp = new AbortController();
      const lock = await look(backend);
      const told = backend.watch(lock, { ...bounds, waitMs: 20_000, signal: giveUp.signal });
      giveUp.abort();
      await assert.rejects(told);
    },
  },
  {
    name: 'a deleted lock is told, is unsettled, and gives younger tokens than before',
    run: async ({ connect, deleteLock }) => {
      const [one, other] = [await connect(), await connect()];
      const [oneId, otherId] = [await opened(one), await opened(other)];
      const lock = await taken(one, oneId);
      const told = other.watch(lock, { ...bounds, waitMs: 20_000, signal: never });
      await deleteLock();
      const { holder, isUnsettled, token } = await told;
      assert.deepEqual([holder, isUnsettled], [null, true]);
      assert.ok(token >= lock.token);
      const next = await taken(other, otherId);
      assert.ok(next.token > lock.token);
    },
  },
  {
    name: 'a lock that was overwritten while it was held gives its holder no other token, and the next a younger one',
    run: async ({ connect, overwriteLock }) => {
      const [one, other] = [await connect(), await connect()];
      const [oneId, otherId] = [await opened(one), await opened(other)];
      const lock = await taken(one, oneId);
      await overwriteLock();
      const seen = await look(one);
      if (seen.holder === oneId) assert.equal(seen.token, lock.token);
      await one.closeSession(oneId, bounds);
      const next = await taken(other, otherId);
      assert.ok(next.token > lock.token, `${next.token} after ${lock.token}`);
    },
  },
  {
    name: 'a lock that was overwritten while it was held, and seen so, is settled once it is released',
    run: async ({ connect, overwriteLock }) => {
      const [one, other] = [await connect(), await connect()];
      const [oneId, otherId] = [await opened(one), await opened(other)];
      const lock = await taken(one, oneId);
      await overwriteLock();
      if ((await look(one)).holder !== oneId) return;
      await one.release(oneId, bounds);
      const { holder, isUnsettled } = await look(other);
      assert.deepEqual([holder, isUnsettled], [null, false]);
      const next = await taken(other, otherId);
      assert.ok(next.token > lock.token, `${next.token} after ${lock.token}`);
    },
  },
  {
    name: 'a lock that was overwritten while it was free gives younger tokens than before',
    run: async ({ connect, overwriteLock }) => {
      const backend = await connect();
      const id = await opened(backend);
      const lock = await taken(backend, id);
      await backend.release(id, bounds);
      await overwriteLock();
      const next = await taken(backend, id);
      assert.ok(next.token > lock.token, `${next.token} after ${lock.token}`);
    },
  },
  {
    name: 'a session that has ended takes no lock',
    run: async ({ connect }) => {
      const backend = await connect();
      const id = await opened(backend);
      await backend.closeSession(id, bounds);
      assert.equal(await backend.acquire(id, await look(backend), bounds), 'gone');
    },
  },
];

/** The contract of the port: every adapter and double runs it, each case in an election of its own. */
export const backendContract: readonly {
  readonly name: string;
  readonly run: (election: () => Promise<ElectionUnderTest>) => Promise<void>;
}[] = cases.map(({ name, run }) => ({
  name,
  run: async (election) => {
    const { connect, deleteLock, overwriteLock, ttlMs = contractTtlMs } = await election();
    const open: ElectionBackend[] = [];
    try {
      await run({
        ttlMs,
        deleteLock,
        overwriteLock,
        connect: async () => {
          const backend = await connect();
          open.push(backend);
          return backend;
        },
      });
    } finally {
      for (const backend of open) backend.close();
    }
  },
}));
