import assert from 'node:assert/strict';
import { it } from 'node:test';
import Fastify from 'fastify';
import { bodyFields, isStorable } from './body-fields.ts';

it('tells what PostgreSQL can store from what it cannot, and is not taken in by backslashes', () => {
  for (const text of ['plain', '\\u0000', '\\\\ud800', 'ü 🦊', '\\', ''])
    assert.ok(isStorable({ a: [text] }), text);
  for (const text of ['\0', '\\\0', '\ud800', 'x\udc00y', '\\\\\ud83d'])
    assert.ok(!isStorable({ [text]: 1 }), text);
});

it('answers for what is nested deeper than the stack', () => {
  assert.ok(!isStorable(JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`), 100));
});

it('reads a body of nothing but list entries in time that grows with its length, and no faster', async () => {
  const app = Fastify({ logger: false });
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('/', (request) => {
    const startedAt = performance.now();
    const { a } = bodyFields(request);
    return { entries: Array.isArray(a) ? a.length : null, ms: performance.now() - startedAt };
  });
  const entries = 200_000; // a megabyte: copied with each entry, the list took minutes
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await app.inject({ method: 'POST', url: '/', headers, payload: 'a[]=&'.repeat(entries) });
  const read = answer.json<{ entries: number; ms: number }>();
  assert.equal(read.entries, entries);
  assert.ok(read.ms < 5000, `${read.ms} ms`);
  await app.close();
});
