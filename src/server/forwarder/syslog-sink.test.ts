import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { ForwardedRow } from '../../core/audit/forward-lines.ts';
import { testRecord } from '../../core/testing/test-record.ts';
import { createTestAuthority } from '../../identity/testing/test-authority.ts';
import type { Sink } from './sink.ts';
import { openSyslogSink } from './syslog-sink.ts';

const { signal } = new AbortController();
const patience = { silenceMs: 500, wholeMs: 2000 };

test('is delivered to a receiver that reads to the end and closes', async () => {
  const received: string[] = [];
  await using server = await listen(createServer({ allowHalfOpen: true }), (socket) => {
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('end', () => {
      received.push(text);
      socket.end();
    });
  });
  await plain(server.port).deliver([rowOf('ü')], signal);
  await plain(server.port).deliver([rowOf('two')], signal);
  const line = (message: string): string =>
    `<86>1 2026-01-01T00:00:00.000Z n1 conjur 1 test [holdfast@43868 node="n1" chain="c1" seq="1"] ${message}`;
  assert.deepEqual(received, [`96 ${line('ü')}`, `97 ${line('two')}`]);
});

test('is not delivered to one that closes before it has everything, however orderly that looks', async () => {
  // Its end is there before the records are: what they are answered with is a reset, which Node reads as an end.
  await using early = await listen(createServer(), (socket) => socket.destroy());
  for (let turn = 0; turn < 20; turn += 1)
    await assert.rejects(
      plain(early.port).deliver([rowOf('x')], signal),
      /before it had everything|ECONNRESET|EPIPE/,
    );
  await using late = await listen(createServer({ pauseOnConnect: true }), (socket) => {
    setTimeout(() => socket.resetAndDestroy(), 50);
  });
  await assert.rejects(plain(late.port).deliver([rowOf('x')], signal), /ECONNRESET/);
  await using unread = await listen(createServer({ pauseOnConnect: true, allowHalfOpen: true }), (socket) => {
    setTimeout(() => socket.destroy(), 50);
  });
  await assert.rejects(plain(unread.port).deliver([rowOf('x')], signal), /ECONNRESET/);
});

test('is not delivered to one that closes in order in the middle of it', async () => {
  const rows = Array.from({ length: 2000 }, () => rowOf('x'.repeat(1000)));
  await using authority = await createTestAuthority();
  const node = await authority.node('siem');
  const files = { ca: authority.caFile, cert: null, key: null };
  const afterwards = (socket: Socket): void => {
    socket.once('data', () => socket.end(() => socket.destroy()));
  };
  await using inPlain = await listen(createServer(), afterwards);
  await using atOnce = await listen(createServer(), (socket) => socket.end());
  const tlsServer = createTlsServer({ cert: node.certPem, key: node.keyPem }, (socket) => {
    socket.on('error', () => undefined);
    afterwards(socket);
  });
  await using inTls = await listen(tlsServer, () => undefined);
  const tlsAtOnce = createTlsServer({ cert: node.certPem, key: node.keyPem }, (socket) => {
    socket.on('error', () => undefined);
    socket.end();
  });
  await using atOnceInTls = await listen(tlsAtOnce, () => undefined);
  const reason = /before it had everything|ECONNRESET|EPIPE|connection ended/;
  for (let turn = 0; turn < 10; turn += 1) {
    for (const { port } of [inPlain, atOnce]) await assert.rejects(plain(port).deliver(rows, signal), reason);
    for (const { port } of [inTls, atOnceInTls]) {
      const sink = openSyslogSink({ host: 'localhost', port, tls: files }, patience);
      await assert.rejects(sink.deliver(rows, signal), reason);
      if (port === atOnceInTls.port) await assert.rejects(sink.deliver(rows.slice(0, 1), signal), reason);
    }
  }
});

test('is not delivered to one that says nothing, and that is not waited for without end', async () => {
  await using server = await listen(createServer({ allowHalfOpen: true }), (socket) => socket.resume());
  await assert.rejects(plain(server.port).deliver([rowOf('x')], signal), /did not close within 500 ms/);
  const ending = new AbortController();
  const delivery = plain(server.port).deliver([rowOf('x')], ending.signal);
  ending.abort();
  await assert.rejects(delivery, /forwarding ends/);
});

test('is delivered over TLS to one that we believe, and that believes us', async () => {
  await using authority = await createTestAuthority();
  await using stranger = await createTestAuthority();
  const [receiver, client] = [await authority.node('siem'), await authority.node('n1')];
  const foreign = await stranger.node('n1');
  const received: string[] = [];
  const tlsServer = createTlsServer(
    { cert: receiver.certPem, key: receiver.keyPem, ca: authority.caPem, requestCert: true },
    (socket: TLSSocket) => {
      socket.on('error', () => undefined);
      let text = '';
      socket.on('data', (chunk) => (text += String(chunk)));
      socket.on('end', () => received.push(text));
    },
  );
  tlsServer.on('tlsClientError', () => undefined);
  await using server = await listen(tlsServer, () => undefined);
  const ours = { ca: authority.caFile, cert: client.certFile, key: client.keyFile };
  const over = (tls: Parameters<typeof openSyslogSink>[0]['tls']): Sink =>
    openSyslogSink({ host: 'localhost', port: server.port, tls }, patience);
  await over(ours).deliver([rowOf('y'.repeat(10_000)), rowOf('z')], signal);
  assert.equal(received.length, 1);
  assert.match(received[0] ?? '', /^10094 <86>.* y{10000}95 <86>.* z$/);
  const refused: readonly (readonly [Parameters<typeof over>[0], RegExp])[] = [
    [{ ...ours, ca: stranger.caFile }, /certificate/],
    [{ ...ours, ca: null }, /certificate/],
    [{ ...ours, ca: '/nowhere.crt' }, /no such file.*nowhere/],
    [{ ...ours, cert: null, key: null }, /alert|ECONNRESET|before it had/],
    [{ ...ours, cert: foreign.certFile, key: foreign.keyFile }, /alert|ECONNRESET|before it had/],
  ];
  for (const [tls, reason] of refused)
    await assert.rejects(over(tls).deliver([rowOf('x')], signal), reason, JSON.stringify(tls));
  assert.equal(received.length, 1);
});

function plain(port: number): Sink {
  return openSyslogSink({ host: '127.0.0.1', port, tls: null }, patience);
}

interface Listening extends AsyncDisposable {
  readonly port: number;
}

async function listen(server: Server, serve: (socket: Socket) => unknown): Promise<Listening> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(0);
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function rowOf(message: string): ForwardedRow {
  return {
    of: { node: 'n1', chain: 'c1' },
    seq: 1,
    record: testRecord(message),
  };
}
