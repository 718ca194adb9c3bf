import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Secret } from '../../core/secret.ts';
import { createConjurBackend } from './backend.ts';

const bounds = { timeoutMs: 1000 };
const { signal } = new AbortController();

it('answers of the server are counted, and nothing that is said at this end', async () => {
  let answer: (() => number) | null = null;
  const backend = createConjurBackend({
    fetch: async () => {
      if (answer === null) throw new TypeError('cut off');
      return { status: answer(), headers: { get: () => null }, arrayBuffer: async () => new ArrayBuffer(0) };
    },
    url: 'http://127.0.0.1:1',
    account: 'a',
    login: 'host/one',
    apiKey: new Secret('k'),
    name: 'one',
    leaseMs: 10_000,
  });
  const look = () => backend.watch(null, { ...bounds, waitMs: 0, signal });
  const { id } = await backend.openSession(bounds);
  assert.equal(await backend.renewSession(id, bounds), 'renewed');
  await assert.rejects(look());
  assert.equal(backend.answers?.(), 0);
  answer = () => 502; // of a proxy that reaches nobody
  await assert.rejects(look());
  assert.equal(backend.answers?.(), 0);
  answer = () => 401;
  await assert.rejects(look());
  assert.equal(backend.answers?.(), 1);
  backend.close();
});
