import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Ask, askerFor } from './testing/asker.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const many = 900;
const atOnce = 20;

describe('batches of variables that a caller may not read', { timeout: 60_000 }, () => {
  let server: TestServer;
  let admin: Ask;
  let nobody: Ask;
  before(async () => {
    server = await startTestServer();
    const variables = Array.from({ length: many }, (_, index) => `- !variable v${index}`);
    const keys = await server.load(['- !user nobody', ...variables].join('\n'));
    admin = await askerFor(server, 'admin', server.adminApiKey.reveal());
    nobody = await askerFor(server, 'nobody', keys.get('demo:user:nobody'));
    assert.equal((await admin('POST /secrets/demo/variable/v1', 'value')).statusCode, 201);
  });
  after(() => server.stop());

  it('hold up nobody who may', async () => {
    const url: `GET /${string}` = `GET /secrets?variable_ids=${Array.from({ length: many }, (_, i) => `demo:variable:v${i}`).join(',')}`;
    const refusals = { over: false };
    const refused = Promise.all(Array.from({ length: atOnce }, () => nobody(url))).finally(() => {
      refusals.over = true;
    });
    let reads = 0;
    while (!refusals.over) {
      assert.equal((await admin('GET /secrets/demo/variable/v1')).statusCode, 200);
      reads += 1;
    }
    for (const { statusCode } of await refused) assert.equal(statusCode, 403);
    assert.ok(reads > 0); // each was 200: one that waits for longer than its time is refused
  });
});
