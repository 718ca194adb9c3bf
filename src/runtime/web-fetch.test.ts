import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { after, before, describe, it, type TestContext } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { createTestAuthority, type TestAuthority } from '../identity/testing/test-authority.ts';
import { openWebFetch } from './web-fetch.ts';

const signal = new AbortController().signal;
const get = { method: 'GET', headers: {}, body: null, signal };
const hello: RequestListener = (_request, response) => response.setHeader('x-said', ['a', 'b']).end('hello');

describe('requests to a server with an authority of its own', { timeout: 30_000 }, () => {
  let authority: TestAuthority;
  let tls: ServerOptions;
  before(async () => {
    authority = await createTestAuthority();
    const { certPem, keyPem } = await authority.node('vault', {
      dnsNames: ['vault.test'],
      ipAddresses: ['127.0.0.1'],
    });
    tls = { cert: certPem, key: keyPem };
  });
  after(() => authority[Symbol.asyncDispose]());

  async function serve(t: TestContext, listener = hello, options = tls): Promise<number> {
    const server = createServer(options, listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return address.port;
  }

  const fails =
    (code: string, says: RegExp) =>
    (error: unknown): boolean => {
      assert.ok(isProblem(error), String(error));
      assert.deepEqual([error.code, says.test(error.detail)], [code, true], error.detail);
      return true;
    };

  it('are answered with status, headers and bytes, over connections that are kept', async (t) => {
    const sockets = new Set<unknown>();
    const port = await serve(t, (request, response) => {
      sockets.add(request.socket);
      hello(request, response);
    });
    const fetch = openWebFetch({ ca: authority.caPem });
    for (let count = 0; count < 3; count += 1) {
      const answer = await fetch(`https://127.0.0.1:${port}/`, get);
      assert.deepEqual(
        [answer.status, answer.headers.get('X-Said'), answer.headers.get('none')],
        [200, 'a, b', null],
      );
      assert.equal(Buffer.from(await answer.arrayBuffer()).toString(), 'hello');
    }
    assert.equal(sockets.size, 1);
  });

  it('reach nobody but a server whose certificate is trusted and good for the name', async (t) => {
    let requests = 0;
    const port = await serve(t, (request, response) => {
      requests += 1;
      hello(request, response);
    });
    const post = { ...get, method: 'POST', body: 'a secret' };
    const url = `https://127.0.0.1:${port}/`;
    const local = `https://localhost:${port}/`;
    await assert.rejects(openWebFetch({ ca: null })(url, post), fails('peer_untrusted', /not trusted/u));
    await assert.rejects(
      openWebFetch({ ca: authority.caPem })(local, post),
      fails('peer_untrusted', /not good for this name/u),
    );
    const other = { ca: authority.caPem, certificateName: 'other.test' };
    await assert.rejects(openWebFetch(other)(url, post), fails('peer_untrusted', /not good for this name/u));
    assert.equal(requests, 0);
    const named = openWebFetch({ ca: authority.caPem, certificateName: 'vault.test' });
    assert.equal((await named(local, post)).status, 200);
  });

  it('show their own certificate where it is asked for', async (t) => {
    const asking = { ...tls, ca: authority.caPem, requestCert: true, rejectUnauthorized: true };
    const port = await serve(t, hello, asking);
    const url = `https://127.0.0.1:${port}/`;
    const { certPem, keyPem } = await authority.node('n1');
    const client = { cert: certPem, key: keyPem };
    assert.equal((await openWebFetch({ ca: authority.caPem, client })(url, get)).status, 200);
    await assert.rejects(
      openWebFetch({ ca: authority.caPem })(url, get),
      fails('peer_untrusted', /port for clients/u),
    );
  });

  it('tell what was not reached from what broke off', async (t) => {
    const port = await serve(t, (request) => request.socket.destroy());
    const fetch = openWebFetch({ ca: authority.caPem });
    await assert.rejects(fetch(`https://127.0.0.1:${port}/`, get), fails('api_unanswered', /broke off/u));
    await assert.rejects(fetch('https://127.0.0.1:9/', get), fails('peer_unreachable', /ECONNREFUSED/u));
    const closing = createNetServer((socket) => socket.resetAndDestroy()).listen(0, '127.0.0.1');
    await once(closing, 'listening');
    t.after(() => closing.close());
    const { port: closingPort } = closing.address() as AddressInfo;
    await assert.rejects(
      fetch(`https://127.0.0.1:${closingPort}/`, get),
      fails('api_unavailable', /at once/u),
    );
    const plain = createPlainServer(hello).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    t.after(() => plain.close());
    const { port: plainPort } = plain.address() as AddressInfo;
    await assert.rejects(
      fetch(`https://127.0.0.1:${plainPort}/`, get),
      fails('peer_unreachable', /speak TLS/u),
    );
    assert.equal((await fetch(`http://127.0.0.1:${plainPort}/`, get)).status, 200);
  });
});
