import { setImmediate as turn, setTimeout as rest } from 'node:timers/promises';
import type { Fetch } from '../../client/fetch.ts';
import { Secret } from '../../core/secret.ts';
import { createConjurBackend } from '../conjur/backend.ts';

/**
 * A program of its own, to be run with `--expose-gc`: looks at an election that another one leads, ever again, and tells its parent what
 * the heap holds after each round, in bytes.
 */
const [looks, rounds] = process.argv.slice(2).map(Number);
if (looks === undefined || rounds === undefined) throw new Error('how many looks, and how many rounds?');
const timeoutMs = 100;

const instant = (ms: number): string => new Date(ms).toISOString();
const answers: readonly (readonly [RegExp, () => unknown])[] = [
  [/\/authenticate$/u, () => ({ payload: 'x' })],
  [/^\/secrets\//u, () => Math.floor(Date.now() / 1000) + 20],
  [/\/host\//u, () => ({ created_at: instant(1.7e12), annotations: [{ name: 'host', value: 'other' }] })],
  [
    /\/policy\//u,
    () => ({
      created_at: instant(1.6e12),
      policy_versions: [
        { version: 3, created_at: instant(1.7e12), policy_text: '- !host\n  id: current-leader\n' },
      ],
    }),
  ],
];
const fetch: Fetch = async (url) => {
  const { pathname } = new URL(url);
  const answer = answers.find(([path]) => path.test(pathname))?.[1];
  if (answer === undefined) throw new Error(`${pathname} is not expected`);
  const { buffer } = new TextEncoder().encode(JSON.stringify(answer()));
  const headers = { get: (name: string) => (name === 'date' ? new Date().toUTCString() : null) };
  return { status: 200, headers, arrayBuffer: async () => buffer };
};

const apiKey = new Secret('key');
const election = { fetch, url: 'http://127.0.0.1:1', account: 'a', login: 'host/one', apiKey };
const backend = createConjurBackend({ ...election, name: 'one', leaseMs: 10_000 });
const { signal } = new AbortController();
for (let round = 0; round < rounds; round += 1) {
  for (let look = 0; look < looks; look += 1) {
    await backend.watch(null, { timeoutMs, waitMs: 0, signal });
    if (look % 50 === 0) await turn();
  }
  // The timers of its requests run out, and what hung on them may be freed.
  for (let times = 0; times < 4; times += 1) {
    await rest(timeoutMs);
    globalThis.gc?.();
  }
  process.send?.(process.memoryUsage().heapUsed);
}
backend.close();
process.disconnect();
