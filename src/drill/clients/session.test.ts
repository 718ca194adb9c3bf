import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { createTestAuthority } from '../../identity/testing/test-authority.ts';
import { cutByClient, Session } from './session.ts';

async function sessionWith(t: TestContext, listener: RequestListener): Promise<Session> {
  const authority = await createTestAuthority();
  t.after(() => authority[Symbol.asyncDispose]());
  const { certPem, keyPem } = await authority.node('vault');
  const server = createServer({ cert: certPem, key: keyPem }, listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const session = new Session({ url: `https://127.0.0.1:${address.port}`, ca: authority.caPem });
  t.after(() => session.close());
  return session;
}

const call = { method: 'POST', path: '/', body: 'all of it', timeoutMs: 10_000 } as const;

test('a request that is cut has left as a whole, and what came of it is open', async (t) => {
  const arrived = Promise.withResolvers<string>();
  const closed = Promise.withResolvers<void>();
  const session = await sessionWith(t, (request) => {
    request.socket.once('close', closed.resolve);
    text(request).then(arrived.resolve, arrived.reject); // and answers nothing
  });
  const cut = await session.call({ ...call, cutAfterMs: 300 });
  assert.deepEqual(cut, { outcome: 'indeterminate', because: cutByClient, answer: null });
  assert.equal(await arrived.promise, 'all of it');
  await closed.promise;
});

test('an answer that comes before the cut counts, and the connection is kept', async (t) => {
  const sockets = new Set<unknown>();
  const session = await sessionWith(t, (request, response) => {
    sockets.add(request.socket);
    response.statusCode = 201;
    response.end();
  });
  for (let count = 0; count < 2; count += 1) {
    assert.equal((await session.call({ ...call, cutAfterMs: 5000 })).outcome, 'ok');
  }
  assert.equal(sockets.size, 1);
});

test('a refused token is told as it was, and the next call has another one', async (t) => {
  const good = `Token token="${Buffer.from('second').toString('base64')}"`;
  const session = await sessionWith(t, ({ headers }, response) => {
    response.writeHead(headers.authorization === good ? 200 : 401).end();
  });
  const outcomes = async (): Promise<readonly (number | undefined)[]> => {
    const results = [];
    for (let times = 0; times < 2; times += 1) {
      results.push(await session.call({ method: 'GET', path: '/', timeoutMs: 5000 }));
    }
    return results.map(({ answer }) => answer?.status);
  };
  session.useToken('first');
  assert.deepEqual(await outcomes(), [401, 401]);
  session.renewWith(async () => null);
  assert.deepEqual(await outcomes(), [401, 401], 'a node that gives no token');
  session.renewWith(async () => 'second');
  assert.deepEqual(await outcomes(), [401, 200]);
});
