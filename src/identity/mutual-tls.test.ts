import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { connect, type ConnectionOptions, createServer, type Server } from 'node:tls';
import { createTestAuthority, type TestNode } from './testing/test-authority.ts';

interface Greeter extends AsyncDisposable {
  readonly port: number;
}

/** A server that asks for a client certificate and greets the client by the name in it. */
async function startGreeter(node: TestNode, caPem: string): Promise<Greeter> {
  const server: Server = createServer(
    {
      cert: node.certPem,
      key: node.keyPem,
      ca: caPem,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
    },
    (socket) => {
      socket.on('error', () => undefined); // a client that refuses us hangs up
      socket.end(`hello ${String(socket.getPeerCertificate().subject.CN)}`);
    },
  );
  server.on('tlsClientError', () => undefined); // seen from the client's side below
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

/** What the server said; rejects when the handshake, or the connection after it, failed. */
async function greeting(options: ConnectionOptions): Promise<string> {
  const socket = connect({ host: '127.0.0.1', servername: 'n1', ...options });
  return text(socket);
}

test('two nodes of one cluster shake hands', async () => {
  await using authority = await createTestAuthority();
  const [first, second] = [await authority.node('n1'), await authority.node('n2')];
  await using server = await startGreeter(first, authority.caPem);
  const said = await greeting({
    port: server.port,
    ca: authority.caPem,
    cert: second.certPem,
    key: second.keyPem,
  });
  assert.equal(said, 'hello n2');
});

test('refuses a client without a certificate, or with one of another cluster', async () => {
  await using authority = await createTestAuthority('same');
  await using stranger = await createTestAuthority('same');
  const [node, foreign] = [await authority.node('n1'), await stranger.node('n2')];
  await using server = await startGreeter(node, authority.caPem);
  const anonymous = { port: server.port, ca: authority.caPem };
  await assert.rejects(greeting(anonymous), { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' });
  // In TLS 1.3 a client is done before the server has looked at its certificate; Node's server then hangs up.
  const said = await greeting({ ...anonymous, cert: foreign.certPem, key: foreign.keyPem }).catch(() => '');
  assert.equal(said, '');
  assert.equal(await greeting({ ...anonymous, cert: node.certPem, key: node.keyPem }), 'hello n1');
});

test('a client refuses a server of another cluster, and one under a name that its certificate lacks', async () => {
  await using authority = await createTestAuthority('same');
  await using stranger = await createTestAuthority('same');
  const node = await authority.node('n1');
  await using server = await startGreeter(node, authority.caPem);
  const client = { port: server.port, cert: node.certPem, key: node.keyPem };
  await assert.rejects(greeting({ ...client, ca: stranger.caPem }), /certificate/u);
  await assert.rejects(greeting({ ...client, ca: authority.caPem, servername: 'n9' }), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
});
