import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { SeenLock } from '../../core/election/backend.ts';
import { places } from '../../core/election/conjur/places.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { type ConjurScene, prepareElection } from '../testing/conjur-scene.ts';
import { type HeldRequests, holdingFetch } from '../testing/held-requests.ts';
import { createConjurBackend } from './backend.ts';
import type { ConjurBackend } from './contender.ts';
import { createPublishedBackend } from './published-backend.ts';

/** Whoever leads must come to renew it also on a machine that is busy. */
const leaseMs = 8000;
const bounds = { timeoutMs: 20_000 };
const never = new AbortController().signal;
const protocols = { fenced: createConjurBackend, published: createPublishedBackend } as const;
type Protocol = keyof typeof protocols;

/** A contender, with requests that can be held back. */
interface Contender extends HeldRequests {
  readonly backend: ConjurBackend;
  readonly id: () => string;
  readonly look: () => Promise<SeenLock>;
  /** In a session of its own. */
  readonly take: () => Promise<SeenLock | 'gone'>;
  readonly renew: () => Promise<'renewed' | 'gone'>;
}

const isPut = (method: string): boolean => method === 'PUT';
const isRenewal = (method: string, path: string): boolean =>
  method === 'POST' && path.startsWith('/secrets/');

describe('the races of the published protocol, forced by holding one request back', {
  timeout: 180_000,
}, () => {
  const listening = listeningServer();

  const contender = async (protocol: Protocol, scene: ConjurScene, name: string): Promise<Contender> => {
    const held = holdingFetch(openWebFetch({ ca: null }));
    const backend = protocols[protocol]({
      ...scene.member(name),
      fetch: held.fetch,
      url: listening.url,
      name,
      leaseMs,
    });
    let id = '';
    const look = (): Promise<SeenLock> => backend.watch(null, { ...bounds, waitMs: 0, signal: never });
    return {
      ...held,
      backend,
      id: () => id,
      look,
      take: async () => {
        ({ id } = await backend.openSession(bounds));
        return backend.acquire(id, await look(), bounds);
      },
      renew: () => backend.renewSession(id, bounds),
    };
  };

  /** Renews until the leader's host is no longer young, also for who knows the server's clock by one answer, to a second. */
  const growOld = async ({ renew }: Contender): Promise<void> => {
    for (const endAt = performance.now() + leaseMs + 1100; performance.now() < endAt; ) {
      assert.equal(await renew(), 'renewed');
      await pause(leaseMs / 5);
    }
  };

  const inScene = async (
    protocol: Protocol,
    run: (scene: ConjurScene, one: Contender, other: Contender) => Promise<void>,
  ): Promise<void> => {
    const scene = await prepareElection(listening.server, protocol, ['one', 'other']);
    const [one, other] = [await contender(protocol, scene, 'one'), await contender(protocol, scene, 'other')];
    try {
      await run(scene, one, other);
    } finally {
      one.backend.close();
      other.backend.close();
    }
  };

  /** Who leads in the end, and is believed: its renewal is accepted. */
  const leaders = async (...contenders: readonly Contender[]): Promise<readonly boolean[]> =>
    Promise.all(
      contenders.map(
        async ({ backend, renew }) => (await renew()) === 'renewed' && backend.writer() !== null,
      ),
    );

  const expected = { fenced: [false, true], published: [true, true] } as const;
  for (const protocol of ['published', 'fenced'] as const) {
    const outcome = protocol === 'fenced' ? 'one writer' : 'two leaders';

    it(`${protocol}, an expired lease is read before a renewal: ${outcome}`, async () => {
      await inScene(protocol, async (scene, one, other) => {
        await one.take();
        await growOld(one);
        await scene.setExpiration('1000000000'); // as if the renewal that follows had come late
        const put = other.holdNext(isPut);
        const taking = other.take();
        await put.held;
        assert.equal(await one.renew(), 'renewed');
        void put.release();
        const taken = await taking;
        assert.equal(taken !== 'gone' && taken.holder, other.id());
        assert.deepEqual(await leaders(one, other), expected[protocol]);
      });
    });

    it(`${protocol}, a PUT arrives after another's POST: ${outcome}`, async () => {
      await inScene(protocol, async (_scene, one, other) => {
        const put = other.holdNext(isPut);
        const taking = other.take();
        await put.held;
        const first = await one.take();
        assert.equal(first !== 'gone' && first.holder, one.id());
        void put.release();
        const second = await taking;
        assert.equal(second !== 'gone' && second.holder, other.id());
        assert.deepEqual(await leaders(one, other), expected[protocol]);
      });
    });

    it(`${protocol}, a deposed member renews: ${outcome}`, async () => {
      await inScene(protocol, async (scene, one, other) => {
        await one.take();
        assert.equal(await one.renew(), 'renewed');
        const renewal = one.holdNext(isRenewal);
        const renewing = one.renew();
        await renewal.held;
        const held = await other.look();
        const free = await other.backend.watch(held, { ...bounds, waitMs: 4 * leaseMs, signal: never });
        assert.equal(free.holder, null);
        const taken = await other.take();
        assert.equal(taken !== 'gone' && taken.holder, other.id());
        // A member that is told 201 leads, by the published protocol.
        assert.equal(await renewal.release(), protocol === 'fenced' ? 403 : 201);
        assert.equal(await renewing, protocol === 'fenced' ? 'gone' : 'renewed');
        assert.deepEqual(await leaders(other), [true]);
        await one.backend.release(one.id(), bounds);
        assert.notEqual(await scene.expiration(), '0', 'it gave up what is not its own');
      });
    });
  }

  it('after a take-over nothing of the deposed leader is accepted: by its writer, or by its member', async () => {
    await inScene('fenced', async (scene, one, other) => {
      await listening.server.load(`
- !group target-admins
- !policy {id: target, owner: !group target-admins, body: [!variable value]}
- !grant {role: !group target-admins, member: !group ${places.writers}}`);
      await one.take();
      const writer = one.backend.writer();
      assert.ok(writer !== null);
      const authorization = await listening.server.tokenFor(writer.login, writer.apiKey.reveal());
      const { login, apiKey } = scene.member('one');
      const ofMember = await listening.server.tokenFor(login, apiKey.reveal());
      const write = async (id: string, token: string): Promise<number> => {
        const path = `/secrets/${listening.server.account}/variable/${encodeURIComponent(id)}`;
        const request = {
          method: 'POST',
          url: path,
          payload: '12',
          headers: { authorization: token },
        } as const;
        return (await listening.server.app.inject(request)).statusCode;
      };
      assert.equal(await write('target/value', authorization), 201);
      await growOld(one);
      await scene.setExpiration('1000000000');
      await other.take();
      const successor = other.backend.writer();
      assert.ok(successor !== null);
      const ofSuccessor = await listening.server.tokenFor(successor.login, successor.apiKey.reveal());
      assert.equal(await write('target/value', ofSuccessor), 201);
      for (const id of ['target/value', places.expiration]) {
        assert.equal(await write(id, authorization), 403, id); // as Conjur answers a role that is deleted
        const refused = await write(id, ofMember);
        assert.ok(refused === 403 || refused === 404, `${id}: ${refused}`);
      }
      // The name is never used again, so the token is worth nothing either when the lead comes back.
      await other.backend.release(other.id(), bounds);
      const back = await contender('fenced', scene, 'one');
      const again = await back.take();
      assert.equal(again !== 'gone' && again.holder, back.id());
      assert.equal(await write('target/value', authorization), 403);
      back.backend.close();
    });
  });
});
