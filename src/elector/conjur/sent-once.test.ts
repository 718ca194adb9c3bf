import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { PositionMemory } from '../../client/client.ts';
import type { Fetch, FetchAnswer } from '../../client/fetch.ts';
import type { SeenLock } from '../../core/election/backend.ts';
import { deletionText } from '../../core/election/conjur/leader-texts.ts';
import { places } from '../../core/election/conjur/places.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { type ConjurScene, prepareElection } from '../testing/conjur-scene.ts';
import { createConjurBackend } from './backend.ts';
import type { ConjurBackend } from './contender.ts';

const bounds = { timeoutMs: 10_000 };
const never = new AbortController().signal;
const isElection = (method: string, path: string): boolean =>
  method === 'PUT' || (method === 'POST' && !path.endsWith('/authenticate'));

/** What becomes of the next request that fits, in place of its own answer. */
interface Trouble {
  readonly fits: (method: string, path: string) => boolean;
  readonly answer: (send: () => Promise<FetchAnswer>, init: Parameters<Fetch>[1]) => Promise<FetchAnswer>;
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

/** What was read an eighth of it ago is too old to act on: a machine that is busy must not need that long. */
const leaseMs = 8000;

describe('what an election sends', { timeout: 60_000 }, () => {
  const listening = listeningServer();
  const settingsOf = (scene: ConjurScene, fetch: Fetch) => ({
    ...scene.member('one'),
    fetch,
    url: listening.url,
    name: 'one',
    leaseMs,
  });

  const inTrouble = async (
    trouble: Trouble,
    run: (backend: ConjurBackend, id: string, sent: readonly string[], scene: ConjurScene) => Promise<void>,
  ): Promise<void> => {
    const scene = await prepareElection(listening.server, 'fenced', ['one']);
    const sent: string[] = [];
    let pending: Trouble | null = trouble;
    const web = openWebFetch({ ca: null });
    const answered: Fetch = async (address, init) => {
      const { pathname } = new URL(address);
      if (isElection(init.method, pathname)) sent.push(`${init.method} ${pathname}\n${String(init.body)}`);
      const now = pending;
      if (now?.fits(init.method, pathname) !== true) return web(address, init);
      pending = null;
      return now.answer(() => web(address, init), init);
    };
    const writes = { now: 0, most: 0 };
    const fetch: Fetch = async (address, init) => {
      if (!isRenewal(init.method, new URL(address).pathname)) return answered(address, init);
      writes.now += 1;
      writes.most = Math.max(writes.most, writes.now);
      return answered(address, init).finally(() => (writes.now -= 1));
    };
    const backend = createConjurBackend(settingsOf(scene, fetch));
    try {
      const { id } = await backend.openSession(bounds);
      await run(backend, id, sent, scene);
      assert.equal(pending, null, 'there was no trouble');
      assert.ok(writes.most <= 1, `${writes.most} writes of the expiration at a time`);
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
      // Its own name stands there. It leads by nothing all the same, and waits as for anybody's lease.
      const { holder, cursor } = await look(backend);
      assert.deepEqual([holder, cursor.endsWith('unanswered')], [`${id}, unanswered`, true]);
      assert.equal(backend.leader(), null);
      assert.equal(await backend.renewSession(id, bounds), 'renewed');
      assert.equal((await look(backend)).holder, holder);
      assert.equal(sent.length, 2);
    });
  });

  it('a POST that is answered after its time leads from then on, and not before', async () => {
    const answered = Promise.withResolvers<void>();
    const answer: Trouble['answer'] = async (send) => {
      const late = await send();
      await answered.promise;
      return late;
    };
    await inTrouble({ fits: isPost, answer }, async (backend, id) => {
      const seen = await look(backend);
      await assert.rejects(backend.acquire(id, seen, { timeoutMs: 1500 }), (error) =>
        isProblem(error, 'api_unanswered'),
      );
      const unanswered = await look(backend);
      assert.equal(unanswered.holder, `${id}, unanswered`);
      const told = backend.watch(unanswered, { ...bounds, waitMs: 3000, signal: never });
      answered.resolve();
      assert.equal((await told).holder, id);
      assert.equal(await backend.renewSession(id, bounds), 'renewed');
      assert.notEqual(backend.writer(), null);
    });
  });

  it('loads that take longer than what was left of the candidate’s own proof win all the same', async () => {
    const slow: Trouble['answer'] = async (send) => {
      const answer = await send();
      await pause((leaseMs * 5) / 8);
      return answer;
    };
    await inTrouble({ fits: isPost, answer: slow }, async (backend, id) => {
      const seen = await look(backend);
      await pause(leaseMs / 2); // an eighth of the lease may pass before the POST is sent
      const taken = await backend.acquire(id, seen, bounds);
      assert.equal(taken !== 'gone' && taken.holder, id);
    });
  });

  it('between the two loads of another nobody sends a PUT', async () => {
    const graceMs = 1000;
    let putMs = 0;
    const fits: Trouble['fits'] = (method, path) => {
      if (isPut(method)) putMs = performance.now();
      return isPost(method, path);
    };
    await inTrouble({ fits, answer: lost }, async (backend, id, sent, scene) => {
      const clearedMs = performance.now();
      await scene.loadLeader('PUT', deletionText);
      const tryAgain = async (): Promise<void> => {
        // How long the grace takes depends on what is known of the server's clock, so it is tried until it is over.
        for (let attempts = 0; attempts < 50; attempts += 1) {
          assert.equal(await backend.renewSession(id, bounds), 'renewed');
          const taken = await backend.acquire(id, await look(backend), bounds);
          assert.ok(taken !== 'gone' && taken.holder === null);
          assert.deepEqual(sent, []);
        }
      };
      await assert.rejects(tryAgain, (error) => isProblem(error, 'api_unanswered')); // the trouble
      assert.equal(sent.length, 2);
      assert.ok(putMs - clearedMs >= graceMs, `${putMs - clearedMs} ms after the PUT of another`);
    });
  });

  it('what was read too long ago is no reason for a PUT', async () => {
    let reads = 0;
    const slow: Trouble['answer'] = async (send) => {
      const answer = await send();
      await pause(leaseMs / 8 + 100);
      return answer;
    };
    const fits: Trouble['fits'] = (method, path) =>
      method === 'GET' && path.startsWith('/secrets') && (reads += 1) === 3;
    await inTrouble({ fits, answer: slow }, async (backend, id, sent) => {
      await assert.rejects(backend.acquire(id, await look(backend), bounds), (error) =>
        isProblem(error, 'api_unanswered'),
      );
      assert.deepEqual(sent, []);
    });
  });

  it('a leader whose host alone was deleted by hand leads again', async () => {
    await inTrouble({ fits: isPut, answer: (send) => send() }, async (backend, id, _sent, scene) => {
      const first = await backend.acquire(id, await look(backend), bounds);
      assert.equal(first !== 'gone' && first.holder, id);
      await scene.loadLeader('PATCH', '- !delete {record: !host current-leader}');
      const free = await look(backend);
      assert.deepEqual([free.holder, free.isUnsettled], [null, true]);
      assert.equal(await backend.renewSession(id, bounds), 'renewed'); // the writer lives on
      const again = await backend.acquire(id, await look(backend), bounds);
      assert.equal(again !== 'gone' && again.holder, id);
      assert.ok(first !== 'gone' && again !== 'gone' && again.token > first.token);
    });
  });

  for (const fits of [isPut, isPost, isRenewal]) {
    it(`a proxy that sends the headers back betrays no token: ${fits.name}`, async () => {
      const echo = (authorization: string): FetchAnswer => ({
        status: 502,
        headers: { get: (name) => (name === 'content-type' ? 'text/plain' : new Date().toUTCString()) },
        arrayBuffer: async () => new TextEncoder().encode(`no: ${JSON.stringify(authorization)}`).buffer,
      });
      await inTrouble(
        { fits, answer: async (_send, init) => echo(init.headers['authorization'] ?? '') },
        async (backend, id) => {
          await assert.rejects(backend.acquire(id, await look(backend), bounds), (error) => {
            assert.ok(isProblem(error, 'api_unavailable'), String(error));
            return !/Token|ey[JA-Z]/u.test(error.detail) && /\(502\)/u.test(error.detail);
          });
        },
      );
    });
  }

  it('a renewal whose answer is lost is not sent again by itself', async () => {
    await inTrouble({ fits: isRenewal, answer: lost }, async (backend, id, sent) => {
      await assert.rejects(backend.acquire(id, await look(backend), bounds));
      assert.equal(sent.filter((request) => request.startsWith('POST /secrets')).length, 1);
      // It may still arrive, and must not come behind the next one: which waits, and says then that this contender leads.
      await assert.rejects(backend.renewSession(id, { timeoutMs: 300 }), (error) =>
        isProblem(error, 'api_unanswered'),
      );
      assert.equal(sent.filter((request) => request.startsWith('POST /secrets')).length, 1);
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
      const more = [backend.renewSession(id, bounds), backend.renewNow(bounds), backend.release(id, bounds)];
      await pause(50);
      assert.equal(renewals(), 1);
      assert.ok(sendNow !== null);
      resolve(await sendNow());
      await taking;
      assert.deepEqual(await Promise.all(more), ['renewed', 'renewed', undefined]);
      const values = sent
        .filter((request) => request.startsWith('POST /secrets'))
        .map((request) => request.split('\n')[1]);
      assert.equal(values.length, 4);
      assert.equal(values.at(-1), '0');
    });
  });

  it('how far one must have read to know a writer is told to whoever works as it', async () => {
    const scene = await prepareElection(listening.server, 'fenced', ['one']);
    const position: PositionMemory = { position: null };
    const fetch = openWebFetch({ ca: null });
    const backend = createConjurBackend({ ...settingsOf(scene, fetch), position });
    const { id } = await backend.openSession(bounds);
    await backend.acquire(id, await look(backend), bounds);
    backend.close();
    assert.notEqual(position.position, null);
  });

  it('what is read comes from a master: a follower is told apart', async () => {
    const scene = await prepareElection(listening.server, 'fenced', ['one']);
    const fetch = openWebFetch({ ca: null });
    const backend = createConjurBackend(settingsOf(scene, fetch));
    await look(backend);
    listening.server.become({ role: 'follower' });
    try {
      await assert.rejects(look(backend), (error) => {
        return isProblem(error, 'api_unavailable') && /held on the master/u.test(error.detail);
      });
    } finally {
      listening.server.become();
      backend.close();
    }
  });

  it('whoever is no member is told which group gives the right', async () => {
    const scene = await prepareElection(listening.server, 'fenced', ['one']);
    await listening.server.asAdmin({
      method: 'PATCH',
      url: `/policies/${listening.server.account}/policy/root`,
      payload: `- !revoke {role: !group ${places.members}, member: !host one}`,
    });
    const fetch = openWebFetch({ ca: null });
    const backend = createConjurBackend(settingsOf(scene, fetch));
    await assert.rejects(look(backend), (error) => {
      return (
        isProblem(error, 'api_missing') && /member of conjur\/vault-synchronizer\/members/u.test(error.detail)
      );
    });
    backend.close();
  });
});
