import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { createTestAuthority } from '../identity/testing/test-authority.ts';
import { callInTurn } from './patient-call.ts';

const busy = JSON.stringify({ error: { code: 'too_many_requests', message: 'Too many attempts to join.' } });

describe('a newcomer among many', { timeout: 30_000 }, () => {
  it('waits for its turn, says so once, and takes any other refusal at its word', async () => {
    await using authority = await createTestAuthority('turns');
    const node = await authority.node('localhost');
    const answers = [429, 429, 200, 404];
    const server = createServer({ cert: node.certPem, key: node.keyPem }, (_request, response) => {
      const status = answers.shift() ?? 500;
      response
        .writeHead(status)
        .end(status === 200 ? 'in' : busy.replace('too_many_requests', codeOf(status)));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const { signal } = new AbortController();
    const call = {
      ...({
        url: new URL(`https://localhost:${port}`),
        method: 'POST',
        path: '/v1/join',
        body: '{}',
      } as const),
      ...{ ca: authority.caPem, timeoutMs: 5000, signal },
    };
    let waits = 0;
    const onWait = (): void => void (waits += 1);
    try {
      assert.equal(await callInTurn(call, onWait), 'in');
      assert.equal(waits, 1);
      await assert.rejects(callInTurn(call, onWait), { code: 'route_not_found' });
      assert.deepEqual(answers, []);
    } finally {
      server.close();
    }
  });
});

function codeOf(status: number): string {
  return status === 429 ? 'too_many_requests' : 'route_not_found';
}
