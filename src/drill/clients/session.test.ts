import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { test } from 'node:test';
import { createTestAuthority } from '../../identity/testing/test-authority.ts';
import { Session } from './session.ts';

test('a refused token is told as it was, and the next call has another one', {
  timeout: 30_000,
}, async (t) => {
  await using authority = await createTestAuthority();
  const { certPem, keyPem } = await authority.node('localhost');
  const good = `Token token="${Buffer.from('second').toString('base64')}"`;
  const server = createServer({ cert: certPem, key: keyPem }, ({ headers }, response) => {
    response.writeHead(headers.authorization === good ? 200 : 401).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const session = new Session({ url: `https://127.0.0.1:${address.port}`, ca: authority.caPem });
  t.after(() => {
    session.close();
    server.close();
  });

  const outcomes = async (): Promise<readonly (number | undefined)[]> => {
    const results = [];
    for (let call = 0; call < 2; call += 1) {
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
