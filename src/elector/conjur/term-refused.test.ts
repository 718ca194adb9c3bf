import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fetch } from '../../client/fetch.ts';
import type { SeenLock } from '../../core/election/backend.ts';
import { deletionText } from '../../core/election/conjur/leader-texts.ts';
import { places } from '../../core/election/conjur/places.ts';
import { isProblem } from '../../core/problem.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { type ConjurScene, prepareElection } from '../testing/conjur-scene.ts';
import { holdingFetch } from '../testing/held-requests.ts';
import { createConjurBackend } from './backend.ts';
import type { ConjurBackend } from './contender.ts';
import { createPublishedBackend } from './published-backend.ts';

const leaseMs = 10_000;
const bounds = { timeoutMs: 20_000 };
const never = new AbortController().signal;
const protocols = { fenced: createConjurBackend, published: createPublishedBackend } as const;

describe('a lead that is won and may not be kept', { timeout: 60_000 }, () => {
  const web = openWebFetch({ ca: null });
  const listening = listeningServer();

  const connect = (scene: ConjurScene, protocol: keyof typeof protocols, fetch: Fetch = web): ConjurBackend =>
    protocols[protocol]({ ...scene.member('one'), fetch, url: listening.url, name: 'one', leaseMs });
  const look = (backend: ConjurBackend): Promise<SeenLock> =>
    backend.watch(null, { ...bounds, waitMs: 0, signal: never });
  const take = async (backend: ConjurBackend): Promise<SeenLock | 'gone'> => {
    const { id } = await backend.openSession(bounds);
    return backend.acquire(id, await look(backend), bounds);
  };
  const isRefused =
    (sentence: RegExp) =>
    (error: unknown): boolean => {
      assert.ok(isProblem(error, 'term_refused'), String(error));
      assert.match(error.detail, sentence);
      return true;
    };

  it('says that its writer lacks a right, and never that somebody leads', async () => {
    const scene = await prepareElection(listening.server, 'fenced', ['one']);
    await listening.server.asAdmin({
      method: 'PATCH',
      url: `/policies/${listening.server.account}/policy/root`,
      payload: `- !deny {role: !group ${places.writers}, privileges: [update], resource: !variable ${places.expiration}}`,
    });
    const backend = connect(scene, 'fenced');
    await assert.rejects(
      take(backend),
      isRefused(/\(403\)\..* needs update on variable:.*leader-expiration, and the group .*\/writers is/u),
    );
    await backend.openSession(bounds);
    assert.notEqual((await look(backend)).holder, null);
    assert.equal(backend.leader(), null);
    backend.close();
  });

  it('says that the server does not accept the key of its writer', async () => {
    const scene = await prepareElection(listening.server, 'fenced', ['one']);
    const fetch: Fetch = async (address, init) => {
      const isWriters = /writer-[0-9a-f]+\/authenticate$/u.test(
        decodeURIComponent(new URL(address).pathname),
      );
      return web(address, isWriters ? { ...init, body: 'another key' } : init);
    };
    const backend = connect(scene, 'fenced', fetch);
    await assert.rejects(
      take(backend),
      isRefused(/\(401\)\..* does not accept the login host\/.*\/writer-[0-9a-f]+ with the API key/u),
    );
    backend.close();
  });

  it('says that a member may not write, where the published protocol meets the fenced policy', async () => {
    const scene = await prepareElection(listening.server, 'fenced', ['one']);
    const backend = connect(scene, 'published');
    await assert.rejects(
      take(backend),
      isRefused(/host\/one needs update on .*, and the group .*\/members is/u),
    );
    backend.close();
  });

  it('is lost as any other when somebody has taken it over before its first renewal', async () => {
    const scene = await prepareElection(listening.server, 'fenced', ['one']);
    const held = holdingFetch(web);
    const backend = connect(scene, 'fenced', held.fetch);
    const renewal = held.holdNext((method, path) => method === 'POST' && path.startsWith('/secrets/'));
    const taking = take(backend);
    await renewal.held;
    await scene.loadLeader('PUT', deletionText);
    void renewal.release();
    const lock = await taking;
    assert.equal(lock !== 'gone' && lock.holder, null);
    backend.close();
  });

  it('is not told as somebody’s before its first renewal, and is from then on', async () => {
    const scene = await prepareElection(listening.server, 'fenced', ['one', 'other']);
    const held = holdingFetch(web);
    const backend = connect(scene, 'fenced', held.fetch);
    const other = createConjurBackend({
      ...scene.member('other'),
      fetch: web,
      url: listening.url,
      name: 'other',
      leaseMs,
    });
    const renewal = held.holdNext((method, path) => method === 'POST' && path.startsWith('/secrets/'));
    const taking = take(backend);
    await renewal.held;
    const won = await look(other);
    assert.deepEqual([typeof won.holder, other.leader()], ['string', null]);
    void renewal.release();
    await taking;
    assert.deepEqual([await look(other), other.leader()], [won, 'one']);
    backend.close();
    other.close();
  });
});
