import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fetch } from '../../client/fetch.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { type ConjurScene, prepareElection } from '../testing/conjur-scene.ts';
import { type HeldRequests, holdingFetch } from '../testing/held-requests.ts';
import { fromMaster, readLeaderHost } from './api.ts';
import { createConjurBackend } from './backend.ts';
import { type ElectionBase, openBase } from './base.ts';
import { randomDigits } from './digits.ts';
import { takeLead, type WonTerm } from './take.ts';

const leaseMs = 10_000;
const never = new AbortController().signal;
const bounds = { signal: never, timeoutMs: leaseMs };

describe('taking the lead, on a real server', { timeout: 60_000 }, () => {
  const listening = listeningServer();

  /** A contender that has looked already, and found the lead free. */
  const contender = (
    scene: ConjurScene,
    name: string,
  ): HeldRequests & { readonly base: ElectionBase; readonly take: () => Promise<WonTerm | null> } => {
    const held = holdingFetch(openWebFetch({ ca: null }));
    const base = openBase(
      { ...scene.member(name), fetch: held.fetch, url: listening.url, name, leaseMs },
      fromMaster,
    );
    const { api, member: caller } = base;
    const notAfterMs = api.nowMs() + leaseMs;
    const deps = { api, caller, name, digits: randomDigits, loaded: () => undefined, notAfterMs };
    return { ...held, base, take: () => takeLead(deps, randomDigits(16), bounds) };
  };

  it('a POST behind another’s POST leads nowhere, although it made a writer, with a key', async () => {
    const scene = await prepareElection(listening.server, 'fenced', ['one', 'other']);
    const [one, other] = [contender(scene, 'one'), contender(scene, 'other')];
    const post = one.holdNext((method, path) => method === 'POST' && path.startsWith('/policies/'));
    const taking = one.take();
    await post.held;
    const won = await other.take();
    assert.ok(won !== null, 'nobody came between its PUT and its POST');
    assert.equal(await post.release(), 201, 'the server took the late load, too');
    assert.equal(await taking, null, 'it leads by a writer beside the leader’s');
    const { api, member } = other.base;
    assert.equal((await readLeaderHost(api, member, bounds))?.name, 'other');
  });

  it('a lease that was written since the look is no reason for a PUT', async () => {
    const scene = await prepareElection(listening.server, 'fenced', ['one']);
    const web = openWebFetch({ ca: null });
    let reads = 0;
    const loads: string[] = [];
    const fetch: Fetch = async (address, init) => {
      const { pathname } = new URL(address);
      if (pathname.startsWith('/policies/')) loads.push(init.method);
      const readsLease = init.method === 'GET' && pathname.startsWith('/secrets/');
      if (readsLease) reads += 1;
      // The first is the watch's, the second the attempt's own look: the third is read right before the PUT.
      if (readsLease && reads === 3) await scene.setExpiration('1000000000');
      return web(address, init);
    };
    const backend = createConjurBackend({
      ...scene.member('one'),
      fetch,
      url: listening.url,
      name: 'one',
      leaseMs,
    });
    try {
      const { id } = await backend.openSession(bounds);
      const seen = await backend.watch(null, { ...bounds, waitMs: 0, signal: never });
      const taken = await backend.acquire(id, seen, bounds);
      assert.ok(taken !== 'gone' && taken.holder === null, 'it took the lead from whoever wrote');
      assert.deepEqual(loads, []);
      assert.equal(await scene.expiration(), '1000000000');
    } finally {
      backend.close();
    }
  });
});
