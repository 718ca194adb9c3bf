import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { isProblem } from '../core/problem.ts';
import { createTestAuthority, type TestAuthority } from '../identity/testing/test-authority.ts';
import { runCommand } from '../runtime/run-command.ts';
import { haproxyConfig } from './haproxy-config.ts';
import type { HaproxySettings } from './haproxy-settings.ts';
import { startHaproxy } from './testing/running-haproxy.ts';
import { freePort, startTinyNode, type TinyNode } from './testing/tiny-node.ts';

const publicName = 'vault.example';

function settings(caFile: string, changes: Partial<HaproxySettings> = {}): HaproxySettings {
  return {
    frontends: {
      api: { host: '0.0.0.0', port: 443 },
      followers: { host: '0.0.0.0', port: 444 },
      dataPostgres: { host: '::', port: 5432 },
      auditPostgres: { host: '::', port: 5433 },
      peer: { host: '::', port: 8444 },
      stats: { host: '127.0.0.1', port: 8404 },
    },
    nodes: [
      {
        name: 'n1',
        kind: 'standby',
        host: '10.0.0.1',
        apiPort: 8443,
        peerPort: 8444,
        dataPort: 6432,
        auditPort: 6433,
      },
      {
        name: 'n2',
        kind: 'standby',
        host: 'fd00::2',
        apiPort: 8443,
        peerPort: 8444,
        dataPort: 6432,
        auditPort: 6433,
      },
      {
        name: 'far',
        kind: 'asynchronous',
        host: '10.9.0.1',
        apiPort: 8443,
        peerPort: 8444,
        dataPort: 6432,
        auditPort: 6433,
      },
      {
        name: 'f1',
        kind: 'follower',
        host: '10.0.0.4',
        apiPort: 8443,
        peerPort: 8444,
        dataPort: 6432,
        auditPort: 6433,
      },
    ],
    caFile,
    dnsName: publicName,
    ...changes,
  };
}

/** The lines of one section of a configuration. */
function section(configuration: string, title: string): readonly string[] {
  const body = configuration.split(`\n${title}\n`)[1]?.split('\n\n')[0];
  assert.ok(body !== undefined, `no section ${title}`);
  return body.split('\n').map((line) => line.trim());
}

test('real HAProxy finds nothing to say about the configuration', async () => {
  await using authority = await createTestAuthority();
  const variants = [
    settings(authority.caFile),
    settings(authority.caFile, { systemUser: 'haproxy', maxConnections: 100, checkIntervalMs: 1_000 }),
    settings(authority.caFile, { nodes: settings(authority.caFile).nodes.slice(0, 1) }),
    settings(authority.caFile, {
      frontends: { ...settings(authority.caFile).frontends, api: { host: '127.0.0.1,::1', port: 443 } },
    }),
  ];
  for (const [at, variant] of variants.entries()) {
    const file = join(authority.dir, `haproxy-${at}.cfg`);
    await writeFile(file, haproxyConfig(variant));
    const { code, stdout, stderr } = await runCommand(['haproxy', '-c', '-f', file], { timeoutMs: 10_000 });
    assert.deepEqual({ code, said: stderr + stdout }, { code: 0, said: 'Configuration file is valid\n' });
  }
});

test('nobody but candidates stands in the way of writes, followers have a pool of their own', () => {
  const configuration = haproxyConfig(settings('/ca.crt'));
  const serversOf = (title: string): readonly (string | undefined)[] =>
    section(configuration, title)
      .filter((line) => line.startsWith('server '))
      .map((line) => line.split(' ')[1]);
  for (const title of ['backend api_master', 'backend data_master', 'backend audit_master']) {
    assert.deepEqual(serversOf(title), ['n1', 'n2', 'far']);
  }
  assert.deepEqual(serversOf('backend api_followers'), ['f1']);
});

test('one backend a path asks, the audit path follows it', () => {
  const configuration = haproxyConfig(settings('/ca.crt'));
  const checks = configuration
    .split('\n')
    .filter((line) => line.includes('http-check send'))
    .map((line) => line.split(' uri ')[1]?.split(' ')[0]);
  assert.deepEqual(checks, ['/health/clients', '/health/clients', '/health/replication']);
  const audit = section(configuration, 'backend audit_master').filter((line) => line.startsWith('server '));
  assert.ok(audit.every((line) => line.includes(' track data_master/') && !line.includes(' check ')));
  const peer = section(configuration, 'backend peer_master').filter((line) => line.startsWith('server '));
  assert.equal(peer.length, audit.length);
  assert.ok(peer.every((line) => line.includes(':8444 track data_master/')));
  const { peer: _, ...without } = settings('/ca.crt').frontends;
  assert.ok(!haproxyConfig(settings('/ca.crt', { frontends: without })).includes('peer'));
});

test('refuses values that would become directives, and names all of them', () => {
  const { nodes, frontends } = settings('/ca.crt');
  const [node] = nodes;
  assert.ok(node);
  const bad: readonly (readonly [Partial<HaproxySettings>, RegExp])[] = [
    [{ nodes: [{ ...node, name: 'n1 backup' }] }, /nodes\[0\]\.name/u],
    [{ nodes: [{ ...node, host: 'a\nlisten x' }] }, /nodes\[0\]: the host/u],
    [{ nodes: [{ ...node, apiPort: 0 }] }, /nodes\[0\]: a port/u],
    [{ frontends: { ...frontends, api: { host: '127.0.0.1, ::1', port: 1 } } }, /frontends\.api: the host/u],
    [{ nodes: [node, node] }, /same name/u],
    [{ nodes: [{ ...node, kind: 'follower' }] }, /none of them could be master/u],
    [{ caFile: "/x' verify none" }, /caFile/u],
    [{ dnsName: 'a b', checkIntervalMs: 1, maxConnections: 0 }, /dnsName.*checkIntervalMs.*maxConnections/u],
  ];
  for (const [changes, sentence] of bad) {
    assert.throws(
      () => haproxyConfig(settings('/ca.crt', changes)),
      (error) => isProblem(error, 'config_invalid') && sentence.test(error.detail),
    );
  }
});

/** Who answers behind this port; `none` when the load balancer hangs up. */
async function whoAnswers(port: number, ca: string): Promise<string> {
  const request = get({ host: '127.0.0.1', port, path: '/', servername: publicName, ca, agent: false });
  try {
    const [response] = await once(request, 'response', { signal: AbortSignal.timeout(5_000) });
    return await text(response);
  } catch {
    return 'none';
  }
}

/** An idle session through the load balancer, and the moment that it is cut. */
async function openSession(port: number, ca: string): Promise<{ readonly closed: Promise<unknown> }> {
  const session = connect({ host: '127.0.0.1', port, servername: publicName, ca });
  session.on('error', () => undefined); // cut: with or without a goodbye
  await once(session, 'secureConnect');
  return { closed: once(session, 'close', { signal: AbortSignal.timeout(5_000) }) };
}

async function balanced(
  nodes: readonly TinyNode[],
  authority: TestAuthority,
): Promise<{ readonly text: string; readonly ports: readonly [number, number, number, number] }> {
  const ports = [await freePort(), await freePort(), await freePort(), await freePort()] as const;
  const [api, data, audit, peer] = ports;
  const configuration = haproxyConfig({
    frontends: {
      api: { host: '127.0.0.1', port: api },
      dataPostgres: { host: '127.0.0.1', port: data },
      auditPostgres: { host: '127.0.0.1', port: audit },
      peer: { host: '127.0.0.1', port: peer },
    },
    // Every path leads to the same tiny server here: only who is chosen matters.
    nodes: nodes.map(({ name, port }) => ({
      name,
      kind: 'standby',
      host: '127.0.0.1',
      apiPort: port,
      peerPort: port,
      dataPort: port,
      auditPort: port,
    })),
    caFile: authority.caFile,
    dnsName: publicName,
  });
  return { text: configuration, ports };
}

test('all paths follow /health from one node to the other, and sessions to the old one are cut', async () => {
  await using authority = await createTestAuthority();
  await using first = await startTinyNode('n1', authority, ['n1', publicName]);
  await using second = await startTinyNode('n2', authority, ['n2', publicName]);
  first.isMaster = true;
  const { text: configuration, ports } = await balanced([first, second], authority);
  await using haproxy = await startHaproxy(configuration);
  const answers = (): Promise<readonly string[]> =>
    Promise.all(ports.map((port) => whoAnswers(port, authority.caPem)));
  await haproxy.says(/audit_master\/n2 is DOWN/u);
  await until(async () => (await answers()).join() === 'n1,n1,n1,n1');

  const sessions = await Promise.all(ports.map((port) => openSession(port, authority.caPem)));
  first.isMaster = false;
  await Promise.all(sessions.map(({ closed }) => closed));
  await haproxy.says(/audit_master.* has no server available/u);
  assert.deepEqual(await answers(), ['none', 'none', 'none', 'none']);

  second.isMaster = true;
  await haproxy.says(/audit_master\/n2 is UP/u);
  await until(async () => (await answers()).join() === 'n2,n2,n2,n2');
});

test('a node whose certificate lacks the public name, or comes from another authority, is never chosen', async () => {
  await using authority = await createTestAuthority('same');
  await using stranger = await createTestAuthority('same');
  await using nameless = await startTinyNode('n1', authority, ['n1']);
  await using foreign = await startTinyNode('n2', stranger, ['n2', publicName]);
  nameless.isMaster = true;
  foreign.isMaster = true;
  const { text: configuration, ports } = await balanced([nameless, foreign], authority);
  await using haproxy = await startHaproxy(configuration);
  await haproxy.says(/audit_master.* has no server available/u);
  assert.equal(await whoAnswers(ports[2], authority.caPem), 'none');
});

/** The paths are checked one by one, so the last may be a check behind the first. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) if (await isSo()) return;
  assert.fail('it never came to be');
}
