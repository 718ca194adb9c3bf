import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, createServer as createHttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Exchange, exchange } from './etcd-exchange.ts';
import { makeTestCa } from './testing/certificates.ts';
import { freePorts } from './testing/etcd-members.ts';

describe('one exchange with an endpoint that misbehaves', () => {
  let dir: string;
  let material: { ca: Buffer; cert: Buffer; key: Buffer };

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'holdfast-etcd-'));
    const files = await (await makeTestCa(dir, 'ca')).issue('server');
    const [ca, cert, key] = await Promise.all(
      [files.caFile, files.certFile, files.keyFile].map((file) => readFile(file)),
    );
    assert.ok(ca && cert && key);
    material = { ca, cert, key };
  });

  const servers: Server[] = [];
  const sockets: Socket[] = [];
  const listen = (server: Server): Promise<number> => {
    servers.push(server);
    server.on('connection', (socket) => sockets.push(socket));
    return listening(server);
  };

  after(async () => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers) server.close();
    await rm(dir, { recursive: true, force: true });
  });

  const ask = async (port: number, times: { timeoutMs: number; connectMs: number }): Promise<Exchange> => {
    const agent = new Agent({ ...material, keepAlive: true });
    const url = new URL(`https://127.0.0.1:${port}/v3/kv/txn`);
    const result = await exchange({ agent, url, body: '{}', needsLeader: true, ...times });
    agent.destroy();
    return result;
  };

  it('is not sent when nobody listens', async () => {
    const [port = 0] = await freePorts(1);
    assert.equal((await ask(port, { timeoutMs: 2000, connectMs: 2000 })).kind, 'not_sent');
  });

  it('is not sent when the TLS handshake does not end in time', async () => {
    const port = await listen(createServer());
    assert.equal((await ask(port, { timeoutMs: 2000, connectMs: 100 })).kind, 'not_sent');
  });

  it('is unanswered when the request was read and the connection then closed', async () => {
    const server = createHttpsServer(material, (request) => request.socket.destroy());
    const port = await listen(server);
    assert.equal((await ask(port, { timeoutMs: 2000, connectMs: 2000 })).kind, 'unanswered');
  });

  it('is unanswered when the answer is late, or breaks off', async () => {
    const silent = createHttpsServer(material, () => undefined);
    const late = await ask(await listen(silent), { timeoutMs: 100, connectMs: 100 });
    assert.deepEqual(late, { kind: 'unanswered', because: 'no answer within 100 ms' });
    const broken = createHttpsServer(material, (request, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('{"succeeded":true', () => request.socket.destroy());
    });
    assert.equal((await ask(await listen(broken), { timeoutMs: 2000, connectMs: 2000 })).kind, 'unanswered');
  });

  it('is unanswered when it waited for a free connection, got one, and was not answered', async () => {
    let first = true;
    const server = createHttpsServer(material, (_request, response) => {
      if (first) response.end('{}');
      first = false;
    });
    const port = await listen(server);
    const agent = new Agent({ ...material, keepAlive: true, maxSockets: 1 });
    const url = new URL(`https://127.0.0.1:${port}/v3/kv/txn`);
    const call = { agent, url, body: '{}', needsLeader: true, timeoutMs: 500, connectMs: 500 };
    const [answered, waited] = await Promise.all([exchange(call), exchange(call)]);
    assert.deepEqual([answered.kind, waited.kind], ['answer', 'unanswered']);
    agent.destroy();
  });
});

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no port'));
      else resolve(address.port);
    });
  });
}
