import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { consulApi } from '../../src/elector/testing/consul-api.ts';
import { closed, listening } from './listening.ts';
import { type RequestCounter, startRequestCounter } from './request-counter.ts';

const waiting: ServerResponse[] = [];
const consul = createServer(({ url = '' }, answer) => {
  answer.setHeader('X-Consul-Index', '7');
  if (url.includes('index=')) waiting.push(answer);
  else answer.end('"here"');
});
let counter: RequestCounter;
before(async () => {
  counter = await startRequestCounter(await listening(consul));
});
after(async () => {
  await counter.stop();
  await closed(consul);
});

test('counts what passes through, by kind, and knows what waits for an answer', async () => {
  const api = consulApi(counter.address, null);
  assert.equal(await api.put('session/renew/3b1c'), 'here');
  const blocking = api.ask('GET', 'kv/app/lock?index=7');
  const answer = await api.ask('GET', 'kv/app/lock');
  assert.deepEqual([answer.index, answer.text], ['7', '"here"']);
  assert.deepEqual(counter.counted(), { 'PUT session/renew': 1, 'GET kv (blocking)': 1, 'GET kv': 1 });
  assert.deepEqual(counter.open(), { 'GET kv (blocking)': 1 });
  counter.reset();
  assert.deepEqual(counter.counted(), {});
  assert.deepEqual(counter.open(), { 'GET kv (blocking)': 1 }, 'what is open stays open');
  waiting[0]?.end('"changed"');
  assert.equal((await blocking).text, '"changed"');
  await api.put('session/renew/3b1c');
  assert.deepEqual(counter.open(), {});
});

test('breaks off where Consul does', async () => {
  const refused = await startRequestCounter('http://127.0.0.1:1');
  await assert.rejects(consulApi(refused.address, null).get('status/leader'));
  await refused.stop();
});
