import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { test } from 'node:test';
import { createTestAuthority } from '../../../identity/testing/test-authority.ts';
import { fetchJson } from './fetch-json.ts';

test('trusts the given certificates alone, where there are any', async () => {
  await using authority = await createTestAuthority('same');
  await using stranger = await createTestAuthority('same');
  const node = await authority.node('provider');
  const server = createServer({ cert: node.certPem, key: node.keyPem }, (_request, response) =>
    response.end('{"keys":[]}'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const url = new URL(`https://localhost:${address.port}/jwks`);
  const bounds = { timeoutMs: 3000, limitBytes: 1000 };
  try {
    const trusted = await fetchJson(url, { ...bounds, caCert: authority.caPem });
    assert.deepEqual(trusted, { ok: true, value: { keys: [] } });
    for (const caCert of [stranger.caPem, null, 'no certificate']) {
      const refused = await fetchJson(url, { ...bounds, caCert });
      assert.ok(!refused.ok && !refused.late, `ca-cert ${caCert ?? 'none'}`);
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
