import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { readSecret, writeSecret } from '../../client/secrets.ts';
import type { Fetch } from '../../client/fetch.ts';
import { places } from '../../core/election/conjur/places.ts';
import { isProblem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { type ConjurScene, prepareElection } from '../../elector/testing/conjur-scene.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import type { TestServer } from '../../server/testing/test-server.ts';
import { type SyncTerm, takePart } from './take-part.ts';

const leaseMs = 5000;
const variable = 'app/password';
const bytes = (text: string): Secret<Uint8Array<ArrayBuffer>> => new Secret(new TextEncoder().encode(text));

describe('taking part in an election, on a real server', { timeout: 120_000 }, () => {
  const listening = listeningServer();

  const prepare = async (...names: readonly string[]): Promise<ConjurScene> => {
    const scene = await prepareElection(listening.server, 'fenced', names);
    await listening.server.load(`
- !variable ${variable}
- !permit {role: !group ${places.writers}, privileges: [read, execute, update], resource: !variable ${variable}}`);
    return scene;
  };

  /** Takes part until the test is over, or `lead` returns. */
  const part = (
    t: TestContext,
    scene: ConjurScene,
    needs: {
      readonly name: string;
      readonly leaseMs?: number;
      readonly fetch?: Fetch;
      readonly onInfo?: (sentence: string) => void;
      readonly lead: (term: SyncTerm) => Promise<void>;
    },
  ) => {
    const stop = new AbortController();
    const others: (string | null)[] = [];
    const warnings: string[] = [];
    const { fetch = openWebFetch({ ca: null }) } = needs;
    const log = {
      debug: () => undefined,
      info: needs.onInfo ?? (() => undefined),
      warn: (sentence: string) => void warnings.push(sentence),
      error: (sentence: string) => void warnings.push(sentence),
    };
    const done = takePart({
      settings: { protocol: 'fenced', leaseMs: needs.leaseMs ?? leaseMs, name: needs.name },
      target: { ...scene.member(needs.name), fetch, url: listening.url },
      position: { position: null },
      log,
      signal: stop.signal,
      lead: needs.lead,
      onOther: (name) => void others.push(name),
    });
    t.after(async () => {
      stop.abort();
      await done;
    });
    return { done, others, warnings };
  };

  it('whoever finds that its writer may not write gives the lead up, and leads by another writer', async (t) => {
    const scene = await prepare('one');
    const terms: { readonly token: string; readonly lost: boolean }[] = [];
    await part(t, scene, {
      name: 'one',
      lead: async ({ authority, signal, token }) => {
        const isFirst = terms.length === 0;
        // Its renewals go on by the token that they have: they would find nothing for minutes.
        if (isFirst) await rotateWriterKey(listening.server);
        const write = writeSecret(authority.writer(), variable, bytes(token));
        const wasLost = await write.then(
          () => false,
          (error: unknown) => isProblem(error, 'no_authority'),
        );
        terms.push({ token, lost: wasLost });
        if (!isFirst) return;
        if (!signal.aborted) await once(signal, 'abort');
      },
    }).done;
    assert.deepEqual(
      terms.map(({ lost }) => lost),
      [true, false],
    );
    assert.notEqual(terms[0]?.token, terms[1]?.token);
  });

  it('does not begin the work of a term before that of the term before has ended', async (t) => {
    const scene = await prepare('one');
    const wonTwice = Promise.withResolvers<void>();
    let won = 0;
    let atWork = 0;
    const seen: number[] = [];
    await part(t, scene, {
      name: 'one',
      onInfo: (sentence) => {
        if (!sentence.startsWith('leads, by token')) return;
        won += 1;
        if (won === 2) wonTwice.resolve();
      },
      lead: async ({ stepDown }) => {
        atWork += 1;
        seen.push(atWork);
        if (seen.length === 1) {
          stepDown();
          await wonTwice.promise; // as a write that nobody answers
          await new Promise((resolve) => setImmediate(resolve));
        }
        atWork -= 1;
      },
    }).done;
    assert.deepEqual(seen, [1, 1]);
  });

  it('does not take itself for another while the answer that it won by is lost', async (t) => {
    const scene = await prepare('one');
    let losses = 0;
    const web = openWebFetch({ ca: null });
    const fetch: Fetch = async (address, init) => {
      const answer = await web(address, init);
      if (init.method !== 'POST' || !address.includes('/policies/') || losses > 0) return answer;
      losses += 1;
      throw new TypeError('the connection broke off');
    };
    const { done, others } = part(t, scene, {
      name: 'one',
      fetch,
      lead: async ({ authority, token }) => {
        await writeSecret(authority.writer(), variable, bytes(token));
        const read = await readSecret(authority.writer(), variable, null);
        assert.equal(new TextDecoder().decode(read.reveal()), token);
      },
    });
    await done;
    assert.deepEqual([losses, others.filter((name) => name !== null)], [1, []]);
  });

  it('says once that another one has a longer lease', async (t) => {
    const scene = await prepare('one', 'other');
    const leads = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const first = part(t, scene, {
      name: 'one',
      leaseMs: 4 * leaseMs,
      lead: async () => {
        leads.resolve();
        await end.promise;
      },
    });
    await leads.promise;
    const second = part(t, scene, { name: 'other', lead: async () => undefined });
    await second.done;
    end.resolve();
    const told = second.warnings.filter((sentence) => sentence.includes('the same election.lease'));
    assert.equal(told.length, 1, second.warnings.join('\n'));
    assert.match(told[0] ?? '', /^leader-expiration lies (?:1[0-9]|20|21) s ahead, .*, 5 s, /u);
    assert.deepEqual(
      first.warnings.filter((sentence) => sentence.includes('election.lease')),
      [],
    );
  });
});

/** Whoever logs in as the writer of now is refused; tokens that were given out stay. */
async function rotateWriterKey(server: TestServer): Promise<void> {
  const { account } = server;
  const list = await server.asAdmin({ url: `/resources/${account}/host?search=writer` });
  const rows: readonly { readonly id: string }[] = list.json();
  const writer = rows.map(({ id }) => id).find((id) => /\/writer-[0-9a-f]+$/u.test(id));
  assert.ok(writer !== undefined, list.body);
  const role = writer.slice(`${account}:`.length);
  const { statusCode, body } = await server.asAdmin({
    method: 'PUT',
    url: `/authn/${account}/api_key?role=${encodeURIComponent(role)}`,
  });
  assert.equal(statusCode, 200, body);
}
