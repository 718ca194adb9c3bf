import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { readSecret } from '../../client/secrets.ts';
import type { Fetch, FetchAnswer } from '../../client/fetch.ts';
import { places } from '../../core/election/conjur/places.ts';
import { isProblem } from '../../core/problem.ts';
import { prepareElection } from '../../elector/testing/conjur-scene.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { type SyncTerm, takePart } from './take-part.ts';

const variable = 'app/password';
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
/** To be asked again, as soon as a client may. */
const busy: FetchAnswer = {
  status: 503,
  headers: { get: (name) => (name === 'retry-after' ? '0' : null) },
  arrayBuffer: async () => new ArrayBuffer(0),
};

describe('the end of authority, on a real server', { timeout: 60_000 }, () => {
  const listening = listeningServer();

  /** Leads once, and is over with `lead`, whatever becomes of its term. */
  const leads = async (
    t: TestContext,
    {
      leaseMs,
      fetch,
      lead,
    }: {
      readonly leaseMs: number;
      readonly fetch: Fetch;
      readonly lead: (term: SyncTerm) => Promise<void>;
    },
  ): Promise<void> => {
    const scene = await prepareElection(listening.server, 'fenced', ['one']);
    const stop = new AbortController();
    const led = Promise.withResolvers<void>();
    const done = takePart({
      settings: { protocol: 'fenced', leaseMs, name: 'one' },
      target: { ...scene.member('one'), fetch, url: listening.url },
      position: { position: null },
      log: silent,
      signal: stop.signal,
      lead: (term) => lead(term).then(led.resolve, led.reject),
    });
    t.after(async () => {
      stop.abort();
      await done;
    });
    await Promise.race([led.promise, done]);
    await led.promise;
  };
  const isRenewal = (method: string, address: string): boolean =>
    method === 'POST' && address.endsWith(`/variable/${encodeURIComponent(places.expiration)}`);

  it('comes two seconds before that of the lease, counted from when the lease was sent', async (t) => {
    const leaseMs = 10_000;
    const beganMs = performance.now();
    const web = openWebFetch({ ca: null });
    let sentMs = 0;
    const fetch: Fetch = async (address, init) => {
      if (isRenewal(init.method, address)) sentMs = performance.now();
      return web(address, init);
    };
    await leads(t, {
      leaseMs,
      fetch,
      lead: async ({ leftMs }) => {
        const endsMs = performance.now() + leftMs();
        assert.ok(endsMs <= sentMs + leaseMs - 2000 + 1, `${endsMs - sentMs} ms after the lease was sent`);
        assert.ok(endsMs >= beganMs + leaseMs - 2000, 'it has less than it may have');
      },
    });
  });

  it('comes by the clock when nothing is answered, and then nothing is sent that was tried before', async (t) => {
    const web = openWebFetch({ ca: null });
    let isCut = false;
    let reads = 0;
    const asked = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const fetch: Fetch = async (address, init) => {
      if (address.endsWith(`/variable/${encodeURIComponent(variable)}`)) {
        reads += 1;
        asked.resolve();
        await ended.promise;
        return busy;
      }
      if (isCut) throw new TypeError('the connection broke off');
      return web(address, init);
    };
    await leads(t, {
      leaseMs: 5000,
      fetch,
      lead: async ({ authority, leftMs, signal }) => {
        const reading = readSecret(authority.writer(), variable, null);
        reading.catch(() => undefined);
        await asked.promise;
        isCut = true;
        if (!signal.aborted) await once(signal, 'abort');
        assert.equal(leftMs(), 0);
        ended.resolve();
        await assert.rejects(reading, (error) => isProblem(error, 'no_authority'));
        assert.equal(reads, 1, 'its client tried again when its authority had ended');
      },
    });
  });
});
