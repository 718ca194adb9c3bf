import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem, Problem } from '../core/problem.ts';
import { Secret } from '../core/secret.ts';
import { type ApiRequest, type Door, exchange } from './exchange.ts';
import type { FetchAnswer } from './fetch.ts';

interface Scripted {
  readonly door: Door;
  readonly pauses: number[];
  readonly attempts: () => number;
}

type Reply =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | Error;

/** A door behind which these answers come, one after another, the last for ever. */
function scripted(...replies: readonly Reply[]): Scripted {
  const pauses: number[] = [];
  let attempts = 0;
  const fetch = async (): Promise<FetchAnswer> => {
    const reply = replies[Math.min(attempts, replies.length - 1)] ?? new Error('no script');
    attempts += 1;
    if (reply instanceof Error) throw reply;
    const headers = new Headers(reply.headers);
    const bytes = new TextEncoder().encode(reply.body ?? '');
    return { status: reply.status, headers, arrayBuffer: async () => bytes.buffer };
  };
  const pause = async (ms: number): Promise<void> => void pauses.push(ms);
  const signal = new AbortController().signal;
  return {
    door: { baseUrl: 'https://vault', fetch, timeoutMs: 1000, pause, signal },
    pauses,
    attempts: () => attempts,
  };
}

const read: ApiRequest = { attempt: 'read', method: 'GET', path: '/x' };
const write: ApiRequest = { attempt: 'write', method: 'POST', path: '/x' };
const json = (code: string): string => JSON.stringify({ error: { code, message: `because of ${code}` } });
const busy = { status: 503, headers: { 'retry-after': '1' }, body: json('service_unavailable') };

test('sends again after 503 with Retry-After, and after a policy conflict, when the server said', async () => {
  const conflict = { status: 409, headers: { 'retry-after': '3' }, body: json('policy_conflict') };
  const { door, pauses } = scripted(busy, conflict, { status: 200 });
  assert.equal((await exchange(door, write)).status, 200);
  assert.deepEqual(pauses, [1000, 3000]);
});

test('sends a write not again when it may have been done, or when nobody says that it was not', async () => {
  for (const reply of [
    { ...busy, body: json('write_indeterminate') },
    { status: 503, body: '<html>' },
  ]) {
    const { door, attempts } = scripted(reply);
    await assert.rejects(exchange(door, write), (error) => isProblem(error, 'api_unavailable'));
    assert.equal(attempts(), 1);
    const again = scripted(reply, { status: 200 });
    assert.equal((await exchange(again.door, read)).status, 200, 'a read');
    const repeatable = scripted(reply, { status: 200 });
    assert.equal((await exchange(repeatable.door, { ...write, repeatable: true })).status, 200);
  }
});

test('gives up in bounded time, however often the server says to come back', async () => {
  for (const after of ['0', '1', '99999', 'soon']) {
    const { door, pauses } = scripted({ ...busy, headers: { 'retry-after': after } });
    await assert.rejects(exchange(door, read), (error) => isProblem(error, 'api_unavailable'));
    assert.ok(pauses.length > 0 && pauses.length < 100);
    assert.ok(pauses.reduce((sum, ms) => sum + ms, 0) <= 20_000);
  }
});

test('tells other conflicts at once', async () => {
  const { door, attempts } = scripted({ status: 409, body: json('conflict') });
  await assert.rejects(exchange(door, write), (error) => isProblem(error, 'api_conflict'));
  assert.equal(attempts(), 1);
});

test('sends again what was lost, unless it may have been done', async () => {
  const closed = new Problem('api_unavailable', 'vault closes the connection at once.');
  const broken = new Problem('api_unanswered', 'the connection broke off.');
  const { door, pauses } = scripted(broken, closed, { status: 200 });
  assert.equal((await exchange(door, read)).status, 200);
  assert.deepEqual(pauses, [1000, 1000]);
  assert.equal((await exchange(scripted(closed, { status: 200 }).door, write)).status, 200);
  const once = scripted(broken, { status: 200 });
  await assert.rejects(exchange(once.door, write), (error) => isProblem(error, 'api_unanswered'));
  assert.equal(once.attempts(), 1);
  const nobody = scripted(new Problem('peer_unreachable', 'vault cannot be reached (ECONNREFUSED).'));
  await assert.rejects(exchange(nobody.door, read), (error) => isProblem(error, 'peer_unreachable'));
  assert.equal(nobody.attempts(), 1);
});

test('says that a write may have been done when its answer did not come, and not of a read', async () => {
  const { door } = scripted(new Error('fetch failed: authorization canary'));
  await assert.rejects(exchange(door, write), (error) => {
    assert.ok(isProblem(error, 'api_unanswered'));
    assert.match(error.detail, /may have been done/u);
    return !error.detail.includes('canary');
  });
  await assert.rejects(exchange(door, read), (error) => isProblem(error) && !/may have/u.test(error.detail));
});

test('quotes nothing that holds a secret of the request, and nothing that steers a terminal', async () => {
  const text = { 'content-type': 'text/plain' };
  const echo = scripted({ status: 400, headers: text, body: 'bad request: canary-key' });
  const secrets = [new Secret('canary-key')];
  await assert.rejects(
    exchange(echo.door, { ...read, secrets }),
    (error) => isProblem(error) && !error.detail.includes('canary'),
  );
  const paint = scripted({ status: 400, headers: text, body: '\u001B[31mred\u0007\r\nnext' });
  await assert.rejects(
    exchange(paint.door, read),
    (error) => isProblem(error) && error.detail.includes('[31mred next') && !/\p{Cc}/u.test(error.detail),
  );
});

test('ends a request, and the wait before the next, when it is told to', async () => {
  const controller = new AbortController();
  const { door } = scripted(busy);
  const waiting = { ...door, signal: controller.signal, pause: async () => controller.abort() };
  await assert.rejects(exchange(waiting, read), (error) => isProblem(error, 'interrupted'));
  const hanging = {
    ...door,
    timeoutMs: 20,
    fetch: (_url: string, { signal }: { readonly signal: AbortSignal }): Promise<FetchAnswer> =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  };
  await assert.rejects(
    exchange(hanging, read),
    (error) => isProblem(error, 'api_unanswered') && /gave no answer within/u.test(error.detail),
  );
});

/** Sends a request and is interrupted meanwhile; the answer comes all the same, to who still waits for it. */
async function interrupted(request: ApiRequest): Promise<{ readonly status: number; readonly door: Door }> {
  const interruption = new AbortController();
  const fetch: Door['fetch'] = (_url, { signal }) => {
    const answer = Promise.withResolvers<FetchAnswer>();
    signal.addEventListener('abort', () => answer.reject(signal.reason));
    queueMicrotask(() => {
      interruption.abort();
      answer.resolve(new Response('k3y'));
    });
    return answer.promise;
  };
  const door = { ...scripted({ status: 200 }).door, fetch, signal: interruption.signal };
  return { status: (await exchange(door, request)).status, door };
}

test('an interruption ends what can be asked again, and waits for an answer that is given once', async () => {
  const isInterrupted = (error: unknown): boolean => isProblem(error, 'interrupted');
  await assert.rejects(interrupted(write), isInterrupted);
  const once: ApiRequest = { ...write, answeredOnce: true };
  const { status, door } = await interrupted(once);
  assert.equal(status, 200);
  await assert.rejects(exchange(door, once), isInterrupted, 'what was not sent is not');
});
