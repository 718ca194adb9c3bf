import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, describe, it } from 'node:test';
import type { Fetch } from '../../client/fetch.ts';
import { isProblem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { type ConjurScene, prepareElection } from '../../elector/testing/conjur-scene.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { lost } from './elected-authority.ts';
import { leadOnce } from './lead-once.ts';
import { type SyncTerm, takePart, type TakePartNeeds } from './take-part.ts';

const leaseMs = 10_000;
const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const untilOver = async ({ signal }: SyncTerm): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort');
};

describe('leading once, on a real server', { timeout: 60_000 }, () => {
  const listening = listeningServer();
  let scene: ConjurScene;
  const web = openWebFetch({ ca: null });
  before(async () => {
    scene = await prepareElection(listening.server, 'fenced', ['one', 'other']);
  });

  const needs = (name: string, signal: AbortSignal, fetch: Fetch = web): Omit<TakePartNeeds, 'lead'> => ({
    settings: { protocol: 'fenced', leaseMs, name },
    target: { ...scene.member(name), fetch, url: listening.url },
    position: { position: null },
    log: quiet,
    signal,
  });

  it('returns what its work does, and leaves the lead to others', async () => {
    const { signal } = new AbortController();
    assert.equal(await leadOnce(needs('one', signal), async ({ token }) => `by ${token !== ''}`), 'by true');
    assert.equal(await leadOnce(needs('other', signal), async () => 'after it'), 'after it');
  });

  it('says who leads when that is another', async () => {
    const stop = new AbortController();
    const leads = Promise.withResolvers<void>();
    const lead = (term: SyncTerm): Promise<void> => {
      leads.resolve();
      return untilOver(term);
    };
    const other = takePart({ ...needs('other', stop.signal), lead });
    await leads.promise;
    await assert.rejects(
      leadOnce(needs('one', stop.signal), async () => assert.fail('it led')),
      (error: unknown) => isProblem(error, 'no_authority') && error.detail.startsWith('other leads'),
    );
    stop.abort();
    await other;
  });

  it('does not call one of its own name another', async () => {
    const stop = new AbortController();
    const leads = Promise.withResolvers<void>();
    const first = takePart({
      ...needs('one', stop.signal),
      lead: (term) => {
        leads.resolve();
        return untilOver(term);
      },
    });
    await leads.promise;
    await assert.rejects(
      leadOnce(needs('one', stop.signal), async () => assert.fail('it led')),
      (error: unknown) =>
        isProblem(error, 'no_authority') && error.detail.startsWith('one of this name, one,'),
    );
    stop.abort();
    await first;
  });

  it('says at once that its key is wrong, by one logon', async () => {
    let logons = 0;
    const counted: Fetch = async (address, init) => {
      if (address.endsWith('/authenticate')) logons += 1;
      return web(address, init);
    };
    const usual = needs('one', new AbortController().signal, counted);
    const wrong = { ...usual, target: { ...usual.target, apiKey: new Secret('wrong') } };
    await assert.rejects(
      leadOnce(wrong, async () => assert.fail('it led')),
      (error: unknown) => isProblem(error, 'api_unauthenticated'),
    );
    assert.equal(logons, 1);
  });

  it('ends with its work when it was deposed, and does not go on taking part', async () => {
    const stop = new AbortController();
    let isCut = false;
    const cuttable: Fetch = async (address, init) => {
      if (isCut) throw new TypeError('cut off');
      return web(address, init);
    };
    const begun = Promise.withResolvers<void>();
    const otherLeads = Promise.withResolvers<void>();
    const one = leadOnce(needs('one', stop.signal, cuttable), async (term) => {
      begun.resolve();
      await untilOver(term);
      await otherLeads.promise;
      throw lost('its term is over');
    });
    one.catch(() => undefined);
    await begun.promise;
    isCut = true;
    const lead = (term: SyncTerm): Promise<void> => {
      otherLeads.resolve();
      return untilOver(term);
    };
    const other = takePart({ ...needs('other', stop.signal), lead });
    await otherLeads.promise;
    isCut = false;
    await assert.rejects(one, (error: unknown) => isProblem(error, 'no_authority'));
    stop.abort();
    await other;
  });
});
