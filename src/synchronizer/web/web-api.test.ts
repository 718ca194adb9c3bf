import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FetchAnswer } from '../../client/fetch.ts';
import { isProblem } from '../../core/problem.ts';
import { signal } from '../testing/sources.ts';
import { openWebApi, type WebApi } from './web-api.ts';

const date = 'Fri, 02 Jan 2026 03:04:05 GMT';
const request = { attempt: 'look', method: 'GET', path: '/x' } as const;

function told(status: number, body: string | Uint8Array, headers: Record<string, string> = {}): FetchAnswer {
  const bytes = Buffer.from(body);
  return {
    status,
    headers: { get: (name) => headers[name] ?? null },
    arrayBuffer: async () => Uint8Array.from(bytes).buffer,
  };
}

function apiOf(answers: readonly FetchAnswer[]): {
  readonly api: WebApi;
  readonly asked: () => number;
  /** The pauses so far, in milliseconds: nobody waits for them. */
  readonly pauses: readonly number[];
} {
  let asked = 0;
  const pauses: number[] = [];
  const api = openWebApi({
    fetch: async () => {
      asked += 1;
      return answers[Math.min(asked, answers.length) - 1] ?? told(500, '');
    },
    url: 'https://vault',
    timeoutMs: 60_000,
    intervalMs: 0,
    attempts: 5,
    backOffMs: 500,
    pause: async (ms) => {
      pauses.push(ms);
    },
    wordsOf: (json) => (typeof json === 'string' ? json : null),
  });
  return { api, asked: () => asked, pauses };
}

describe('calls of a vault', () => {
  it('leave it alone for as long as it asks, beyond half a minute too', async () => {
    for (const after of ['120', 'Fri, 02 Jan 2026 03:06:05 GMT']) {
      const busy = told(503, '', { 'retry-after': after, date });
      const { api, asked, pauses } = apiOf([busy, told(200, '"fine"', { date })]);
      const answer = await api.call(request, signal);
      assert.deepEqual([pauses, asked()], [[120_000], 2]);
      assert.deepEqual(answer, { status: 200, json: 'fine', atMs: Date.parse(date) });
    }
  });

  it('end at once when it asks for more than five minutes', async () => {
    const { api, asked } = apiOf([told(429, '', { 'retry-after': '301' })]);
    await assert.rejects(
      api.call(request, signal),
      (error) =>
        isProblem(error, 'source_unavailable') &&
        error.detail === 'Cannot look: too many requests (429); it asks to be left alone for 301 s.',
    );
    assert.equal(asked(), 1);
  });

  it('tell what the vault itself says of one account from a vault that fails as a whole', async () => {
    const ofOne = { ...request, ofOne: true };
    for (const [asking, status, body, code, count] of [
      [ofOne, 500, '"no password"', 'source_faulty', 2],
      [ofOne, 500, '<html>', 'source_unavailable', 5],
      [ofOne, 503, '"sealed"', 'source_unavailable', 5],
      [request, 500, '"no list"', 'source_unavailable', 5],
    ] as const) {
      const { api, asked } = apiOf([told(status, body)]);
      await assert.rejects(api.call(asking, signal), (error) => isProblem(error, code));
      assert.equal(asked(), count, `${status} ${body}`);
    }
  });

  it('take bytes that are no UTF-8 for no JSON, and not for other letters', async () => {
    const { api } = apiOf([told(200, Buffer.from('"p\xe4ss"', 'latin1'))]);
    assert.equal((await api.call(request, signal)).json, undefined);
  });

  it('take the instant at which an answer came where it does not say when it was given', async () => {
    const before = Date.now();
    const { atMs } = await apiOf([told(200, '1')]).api.call(request, signal);
    assert.ok(atMs >= before && atMs <= Date.now());
  });
});
