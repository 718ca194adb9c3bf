import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { after, before, suite, test } from 'node:test';
import { untilDone } from './consul-agent.ts';
import { tokenWith } from './consul-acl.ts';
import { consulApi } from './consul-api.ts';
import { startConsul, startConsulCluster, type TestConsulCluster } from './consul.ts';
import { awaitKey, awaitPassingWithTag, passingWithTag, readKey, readSessions } from './consul-view.ts';
import { registerNomadService } from './nomad-service.ts';

suite('one server', () => {
  let consul: TestConsulCluster;
  before(async () => {
    consul = await startConsul({ tls: true });
  });
  after(() => consul.stop());

  test('opens sessions with a short TTL, and shows who holds a key', async () => {
    const { api } = consul.first;
    const { ID } = await api.put<{ ID: string }>('session/create', { Name: 'a', TTL: '1s', LockDelay: '0s' });
    const held = awaitKey(api, 'app/lock', (entry) => entry?.Session === ID, 5000);
    assert.equal(await api.put<boolean>(`kv/app/lock?acquire=${ID}`), true);
    assert.equal((await held)?.LockIndex, 1);
    assert.deepEqual(
      (await readSessions(api)).map((session) => [session.ID, session.TTL]),
      [[ID, '1s']],
    );
    const free = await awaitKey(api, 'app/lock', (entry) => entry?.Session === undefined, 10_000);
    assert.ok(free !== null, 'nobody renewed it: Consul invalidates it, and the key stays');
    assert.deepEqual(await readSessions(api), []);
  });

  test("registers a service in Nomad's form, whose check can fail and pass", async () => {
    const { api } = consul.first;
    const service = await registerNomadService(api, { name: 'db', tags: ['primary', 'x'] });
    assert.match(service.id, new RegExp(`^_nomad-task-${service.allocId}-.*db`, 'u'));
    const entry = await service.entry();
    assert.deepEqual(
      [entry?.Service, entry?.EnableTagOverride, entry?.Tags, entry?.Meta],
      ['db', true, ['primary', 'x'], { 'external-source': 'nomad' }],
    );
    await awaitPassingWithTag(api, 'db', 'primary', (ids) => ids[0] === service.id, 5000);
    await service.fail();
    await awaitPassingWithTag(api, 'db', 'primary', (ids) => ids.length === 0, 5000);
    await service.pass();
    await awaitPassingWithTag(api, 'db', 'primary', (ids) => ids.length === 1, 5000);
    await service.deregister();
    assert.equal(await service.entry(), null);
  });

  test('keeps keys over a kill, and says nothing while it is frozen', async () => {
    const { first } = consul;
    await first.api.put('kv/kept', 'value');
    first.freeze();
    try {
      await untilSilent(() => first.api.ask('GET', 'kv/kept', undefined, 200));
    } finally {
      first.thaw();
    }
    const pid = first.pid();
    await first.kill();
    await assert.rejects(first.api.get('kv/kept'), /ECONNREFUSED/u);
    await first.start();
    assert.notEqual(first.pid(), pid);
    assert.equal((await readKey(first.api, 'kept'))?.Value, btoa('value'));
    assert.equal(await consul.leader(), first);
  });

  test('answers over a Unix socket, and over HTTPS to those with a certificate alone', async () => {
    const { first, tls } = consul;
    assert.ok(tls !== null);
    const socketPath = first.socketAddress.slice('unix://'.length);
    assert.equal(await statusOf('http', { socketPath, path: '/v1/status/leader' }), 200);
    const url = new URL('/v1/status/leader', first.httpsAddress);
    const ca = readFileSync(tls.caFile);
    const own = { key: readFileSync(tls.keyFile), cert: readFileSync(tls.certFile) };
    const target = { host: url.hostname, port: url.port, path: url.pathname, ca };
    assert.equal(await statusOf('https', { ...target, ...own }), 200);
    await assert.rejects(statusOf('https', target));
  });

  test('tells what it waited for in vain', async () => {
    await assert.rejects(
      awaitKey(consul.first.api, 'nothing', (entry) => entry !== null, 100),
      /kv\/nothing.*did not become.*404/su,
    );
  });
});

suite('with ACLs', () => {
  test('allows what the rules of a token allow', async (context) => {
    const consul = await startConsul({ acl: true });
    context.after(() => consul.stop());
    const { first } = consul;
    assert.equal((await consulApi(first.address, null).ask('PUT', 'kv/app/lock', 'x')).status, 403);
    const token = await tokenWith(first.api, 'app', 'key_prefix "app/" { policy = "write" }');
    const api = consulApi(first.address, token);
    assert.equal(await api.put('kv/app/lock', 'x'), true);
    assert.equal((await api.ask('PUT', 'kv/other', 'x')).status, 403);
    const client = await consul.client('client-1');
    const { ID } = await client.api.put<{ ID: string }>('session/create', {});
    assert.equal((await readSessions(first.api)).find((session) => session.ID === ID)?.Node, 'client-1');
  });
});

suite('three servers', () => {
  let consul: TestConsulCluster;
  before(async () => {
    consul = await startConsulCluster(3, { quickGossip: true });
  });
  after(() => consul.stop());

  test('go on without their leader, and take it back', async () => {
    const old = await consul.leader();
    assert.ok(old !== null);
    const [witness] = consul.servers.filter((server) => server !== old);
    assert.ok(witness !== undefined);
    await witness.api.put('kv/before', '1');
    await old.kill();
    await untilDone(() => witness.api.put('kv/after', '2'));
    const successor = await consul.leader(witness);
    assert.ok(successor !== null && successor !== old);
    assert.equal((await readKey(witness.api, 'before'))?.Value, btoa('1'));
    await old.start();
    assert.equal((await readKey(old.api, 'before'))?.Value, btoa('1'));
  });

  test("end the session of a client's node that is lost", async () => {
    const client = await consul.client('client-1');
    const service = await registerNomadService(client.api, { name: 'web', tags: ['primary'] });
    const [witness] = consul.servers;
    assert.ok(witness !== undefined);
    await awaitPassingWithTag(witness.api, 'web', 'primary', (ids) => ids[0] === service.id, 10_000);
    const { ID } = await client.api.put<{ ID: string }>('session/create', { LockDelay: '0s' });
    assert.equal(await client.api.put(`kv/web/lock?acquire=${ID}`), true);
    await client.kill();
    await awaitKey(witness.api, 'web/lock', (entry) => entry?.Session === undefined, 20_000);
    assert.deepEqual(await passingWithTag(witness.api, 'web', 'primary'), []);
  });
});

/** The signal takes a moment to reach all threads: an answer or two may still come. */
async function untilSilent(call: () => Promise<unknown>): Promise<void> {
  for (let answers = 0; answers < 50; answers += 1) {
    try {
      await call();
    } catch (error) {
      assert.match(String(error), /no answer in 200 ms/u);
      return;
    }
  }
  assert.fail('it goes on answering');
}

function statusOf(scheme: 'http' | 'https', options: RequestOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const send = scheme === 'http' ? httpRequest : httpsRequest;
    send({ ...options, timeout: 5000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('timeout', function (this: ClientRequest) {
        this.destroy(new Error('no answer in 5000 ms'));
      })
      .on('error', reject)
      .end();
  });
}
