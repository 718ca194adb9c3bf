import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Fetch, FetchAnswer } from '../../client/fetch.ts';
import type { SeenLock } from '../../core/election/backend.ts';
import { places } from '../../core/election/conjur/places.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { startTestServer, type TestServer } from '../../server/testing/test-server.ts';
import { prepareElection } from '../testing/conjur-scene.ts';
import { createConjurBackend } from './backend.ts';
import type { ConjurBackend } from './contender.ts';

const bounds = { timeoutMs: 10_000 };
const never = new AbortController().signal;
const isElection = (method: string, path: string): boolean =>
  method === 'PUT' || (method === 'POST' && !path.endsWith('/authenticate'));

/** What becomes of the next request that fits, in place of its own answer. */
interface Trouble {
  readonly fits: (method: string, path: string) => boolean;
  readonly answer: (send: () => Promise<FetchAnswer>) => Promise<FetchAnswer>;
}

const busy: FetchAnswer = {
  status: 409,
  headers: { get: (name) => (name === 'retry-after' ? '1' : null) },
  arrayBuffer: async () => new TextEncoder().encode('{"error":{"code":"policy_conflict"}}').buffer,
};
const unavailable: FetchAnswer = {
  status: 503,
  headers: { get: (name) => (name === 'retry-after' ? '1' : null) },
  arrayBuffer: async () => new ArrayBuffer(0),
};
const lost = async (send: () => Promise<FetchAnswer>): Promise<FetchAnswer> => {
  await send();
  throw new Problem('api_unanswered', 'the connection broke off.');
};

describe('what an election sends', { timeout: 60_000 }, () => {
  let server: TestServer;
  let url: string;
  before(async () => {
    server = await startTestServer();
    url = await server.app.listen({ host: '127.0.0.1', port: 0 });
  });
  after(() => server.stop());

  const inTrouble = async (
    trouble: Trouble,
    run: (backend: ConjurBackend, id: string, sent: readonly string[]) => Promise<void>,
  ): Promise<void> => {
    const scene = await prepareElection(server, 'fenced', ['one']);
    const sent: string[] = [];
    let pending: Trouble | null = trouble;
    const web = openWebFetch({ ca: null });
    const fetch: Fetch = async (address, init) => {
      const { pathname } = new URL(address);
      if (isElection(init.method, pathname)) sent.push(`${init.method} ${pathname}\n${String(init.body)}`);
      const now = pending;
      if (now?.fits(init.method, pathname) !== true) return web(address, init);
      pending = null;
      return now.answer(() => web(address, init));
    };
    const backend = createConjurBackend({ ...scene.member('one'), fetch, url, name: 'one', leaseMs: 4000 });
    try {
      const { id } = await backend.openSession(bounds);
      await run(backend, id, sent);
      assert.equal(pending, null, 'there was no trouble');
    } finally {
      backend.close();
    }
  };
  const look = (backend: ConjurBackend): Promise<SeenLock> =>
    backend.watch(null, { ...bounds, waitMs: 0, signal: never });
  const isPut = (method: string): boolean => method === 'PUT';
  const isPost = (method: string, path: string): boolean => method === 'POST' && path.startsWith('/policies');
  const isRenewal = (method: string, path: string): boolean =>
    method === 'POST' && path.startsWith('/secrets');

  it('a PUT that the server cannot take now is not sent again', async () => {
    await inTrouble({ fits: isPut, answer: async () => unavailable }, async (backend, id, sent) => {
      await assert.rejects(backend.acquire(id, await look(backend), bounds), (error) =>
        isProblem(error, 'api_unavailable'),
      );
      assert.equal(sent.length, 1);
    });
  });

  it('a PUT before which another load is under way is a retry of the whole, and no loss', async () => {
    await inTrouble({ fits: isPut, answer: async () => busy }, async (backend, id, sent) => {
      const seen = await look(backend);
      assert.deepEqual(await backend.acquire(id, seen, bounds), seen);
      assert.equal(sent.length, 1);
      const taken = await backend.acquire(id, seen, bounds);
      assert.equal(taken !== 'gone' && taken.holder, id);
    });
  });

  it('a POST before which another load is under way is made anew, with another writer', async () => {
    await inTrouble({ fits: isPost, answer: async () => busy }, async (backend, id, sent) => {
      const taken = await backend.acquire(id, await look(backend), bounds);
      assert.equal(taken !== 'gone' && taken.holder, id);
      const posts = sent.filter((request) => request.startsWith('POST /policies'));
      assert.equal(posts.length, 2);
      assert.equal(new Set(posts).size, 2);
    });
  });

  it('a POST whose answer is lost is not sent again, and leads nowhere', async () => {
    await inTrouble({ fits: isPost, answer: lost }, async (backend, id, sent) => {
      await assert.rejects(backend.acquire(id, await look(backend), bounds), (error) =>
        isProblem(error, 'api_unanswered'),
      );
      assert.equal(sent.length, 2);
      assert.equal(backend.writer(), null);
    });
  });

  it('a renewal whose answer is lost is not sent again by itself', async () => {
    await inTrouble({ fits: isRenewal, answer: lost }, async (backend, id, sent) => {
      await assert.rejects(backend.acquire(id, await look(backend), bounds));
      assert.equal(sent.filter((request) => request.startsWith('POST /secrets')).length, 1);
      // The next one is another, and says that this contender leads.
      assert.equal(await backend.renewSession(id, bounds), 'renewed');
      assert.equal((await look(backend)).holder, id);
    });
  });

  it('a renewal that is not answered yet keeps the next one waiting', async () => {
    const { promise, resolve } = Promise.withResolvers<FetchAnswer>();
    let sendNow: (() => Promise<FetchAnswer>) | null = null;
    const trouble: Trouble = {
      fits: isRenewal,
      answer: (send) => {
        sendNow = send;
        return promise;
      },
    };
    await inTrouble(trouble, async (backend, id, sent) => {
      const taking = backend.acquire(id, await look(backend), bounds);
      const renewals = () => sent.filter((request) => request.startsWith('POST /secrets')).length;
      await assert.rejects(backend.renewSession(id, { timeoutMs: 1500 }), (error) =>
        isProblem(error, 'api_unanswered'),
      );
      assert.equal(renewals(), 1);
      assert.ok(sendNow !== null);
      resolve(await sendNow());
      const taken = await taking;
      assert.equal(taken !== 'gone' && taken.holder, id);
      assert.equal(await backend.renewSession(id, bounds), 'renewed');
      assert.equal(renewals(), 2);
    });
  });

  it('what is read comes from a master: a follower is told apart', async () => {
    const scene = await prepareElection(server, 'fenced', ['one']);
    const fetch = openWebFetch({ ca: null });
    const backend = createConjurBackend({ ...scene.member('one'), fetch, url, name: 'one', leaseMs: 4000 });
    await look(backend);
    server.become({ role: 'follower' });
    try {
      await assert.rejects(look(backend), (error) => {
        return isProblem(error, 'api_unavailable') && /held on the master/u.test(error.detail);
      });
    } finally {
      server.become();
      backend.close();
    }
  });

  it('whoever is no member is told which group gives the right', async () => {
    const scene = await prepareElection(server, 'fenced', ['one']);
    await server.asAdmin({
      method: 'PATCH',
      url: `/policies/${server.account}/policy/root`,
      payload: `- !revoke {role: !group ${places.members}, member: !host one}`,
    });
    const fetch = openWebFetch({ ca: null });
    const backend = createConjurBackend({ ...scene.member('one'), fetch, url, name: 'one', leaseMs: 4000 });
    await assert.rejects(look(backend), (error) => {
      return (
        isProblem(error, 'api_missing') && /member of conjur\/vault-synchronizer\/members/u.test(error.detail)
      );
    });
    backend.close();
  });
});
