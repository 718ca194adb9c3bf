import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Ask, asker, askerFor, basicHeaderOf } from './testing/asker.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

describe('what no honest client sends', { timeout: 60_000 }, () => {
  let server: TestServer;
  let admin: Ask;
  before(async () => {
    server = await startTestServer({ settings: { trustedProxies: ['127.0.0.0/8', '::1/128'] } });
    await server.load('- !variable v');
    admin = await askerFor(server, 'admin', server.adminApiKey.reveal());
    assert.equal((await admin('POST /secrets/demo/variable/v', 'value')).statusCode, 201);
  });
  after(() => server.stop());

  it('is a login that fails, when a name holds a NUL, and costs nobody else an answer', async () => {
    const nul = asker(server, basicHeaderOf('a\0b', 'secret'));
    const answers = await Promise.all([
      nul('GET /authn/demo/login'),
      nul('GET /authn/demo/api_key'),
      nul('PUT /authn/demo/api_key'),
      nul('PUT /authn/demo/password', 'AAbbccdd11!!'),
      admin('GET /secrets/demo/variable/v'),
    ]);
    assert.deepEqual(
      answers.map(({ statusCode }) => statusCode),
      [401, 401, 401, 401, 200],
    );
  });

  it('is a token that nobody signed, whatever the id of its key', async () => {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const kid of ['a\0b', '', 'account demo', 'x'.repeat(4000)]) {
      const token = {
        protected: part({ alg: 'conjur.org/slosilo/v2', kid }),
        payload: 'e30=',
        signature: '',
      };
      const header = `Token token="${Buffer.from(JSON.stringify(token)).toString('base64')}"`;
      for (const url of ['GET /whoami', 'GET /public_keys/demo/user/admin'] as const) {
        assert.equal((await asker(server, header)(url)).statusCode, 401, JSON.stringify(kid).slice(0, 40));
      }
    }
  });

  it('is an address with a zone, which PostgreSQL does not read', async () => {
    for (const address of ['fe80::1%eth0', '2001:db8::1, fe80::1%0']) {
      const headers = { 'x-forwarded-for': address };
      const key = server.adminApiKey.reveal();
      const token = await asker(server, '')('POST /authn/demo/admin/authenticate', key, headers);
      assert.equal(token.statusCode, 200, address);
      assert.equal((await admin('POST /policies/demo/policy/root', '- !group g', headers)).statusCode, 201);
    }
  });

  it('is not an address with a port, as some proxies write it', async () => {
    for (const [forwarded, address] of [
      ['192.0.2.1:4711', '192.0.2.1'],
      ['[2001:db8::1]:4711', '2001:db8::1'],
      ['[2001:db8::1]', '2001:db8::1'],
      ['192.0.2.1:x', '127.0.0.1'],
    ] as const) {
      const answer = await admin('GET /whoami', undefined, { 'x-forwarded-for': forwarded });
      assert.equal(answer.json<{ client_ip: string }>().client_ip, address);
    }
  });

  it('is a type that no header can carry: the value comes as bytes', async () => {
    const types = {
      m1: 'a\\nb',
      m2: 't\\u20acxt/plain',
      m3: '',
      m4: 'text/plain; charset=\\u0001',
      m5: 'text/x',
    };
    const texts = Object.entries(types).map(
      ([id, type]) => `- !variable { id: ${id}, mime_type: "${type}" }`,
    );
    await server.load(texts.join('\n'));
    for (const [id, type] of Object.entries(types)) {
      await admin(`POST /secrets/demo/variable/${id}`, 'value');
      const answer = await admin(`GET /secrets/demo/variable/${id}`);
      const expected = id === 'm5' ? type : 'application/octet-stream';
      assert.deepEqual([answer.statusCode, answer.headers['content-type']], [200, expected], type);
    }
  });

  it('is a public key of a megabyte of blanks: refused at once, and nobody else waits meanwhile', async () => {
    const key = `ssh-rsa AAAA ${' '.repeat(1_000_000)}\nx`;
    const startedAt = performance.now();
    const answer = await admin('POST /secrets/demo/public_key/user/admin/laptop', key);
    assert.equal(answer.statusCode, 404, 'there is no such public key');
    assert.ok(performance.now() - startedAt < 5000);
  });

  it('is a path that is no UTF-8: 400 in the shape of every error', async () => {
    for (const path of ['%ff', '%c0%80', '%ed%a0%80', '%']) {
      const answer = await admin(`GET /secrets/demo/variable/${path}`);
      assert.equal(answer.statusCode, 400);
      assert.equal(answer.json<{ error: { code: string } }>().error.code, 'bad_request');
    }
  });
});
