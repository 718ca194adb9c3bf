import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { readTcpState, tcpEnds } from './tcp-state.ts';

for (const host of ['127.0.0.1', '::1']) {
  test(`the kernel tells what became of a connection to ${host}`, async () => {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, host);
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const accepted = once(server, 'connection');
    const client = connect({ host, port: address.port, allowHalfOpen: true });
    await once(client, 'connect');
    const [there]: [Socket] = (await accepted) as [Socket];
    const ends = tcpEnds(client);
    assert.deepEqual(await readTcpState(ends), { state: 'other', unacknowledgedBytes: 0 });
    client.resume();
    there.end();
    await once(client, 'end');
    assert.deepEqual(await readTcpState(ends), { state: 'close-wait', unacknowledgedBytes: 0 });
    there.resume();
    client.end();
    await once(there, 'close');
    assert.equal(await readTcpState(ends), null);
    assert.equal((await readTcpState(tcpEndsOf(ends)))?.state, 'time-wait');
    server.close();
  });
}

/** As the other side sees them. */
function tcpEndsOf({ isV6, local, remote }: ReturnType<typeof tcpEnds>): ReturnType<typeof tcpEnds> {
  return { isV6, local: remote, remote: local };
}
