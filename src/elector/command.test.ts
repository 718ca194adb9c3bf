import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePorts } from '../coordination/testing/etcd-members.ts';
import { tokenWith } from './testing/consul-acl.ts';
import { startConsul, type TestConsulCluster } from './testing/consul.ts';
import { registerNomadService, type TestService } from './testing/nomad-service.ts';
import { startSidecar } from './testing/sidecar-process.ts';

interface Ended {
  readonly code: number | null;
  readonly lines: readonly string[];
}

async function run(env: Readonly<Record<string, string>>, words: readonly string[] = []): Promise<Ended> {
  const sidecar = startSidecar(env, words);
  const { code } = await sidecar.exited;
  return { code, lines: sidecar.lines };
}

/** Its exit code, and the one line that it said in the end. */
function said({ code, lines }: Ended): readonly [number | null, string] {
  const told = lines.filter((line) => line.startsWith('holdfast elect: '));
  assert.equal(told.length, 1, lines.join('\n'));
  return [code, told[0] ?? ''];
}

describe('the command', () => {
  it('explains itself', async () => {
    const { code, lines } = await run({}, ['--help']);
    assert.equal(code, 0);
    assert.ok(lines.some((line) => line.includes('CONSUL_LEADER_SERVICE_NAME')));
  });

  it('tells its version', async () => {
    assert.deepEqual((await run({}, ['--version'])).code, 0);
  });

  for (const [words, says] of [
    [['--nope'], /'--nope'/u],
    [['lead'], /"lead" is no command/u],
    [['--ttl'], /--ttl/u],
  ] as const) {
    it(`does not understand ${words.join(' ')}, and says so in one line`, async () => {
      const [code, line] = said(await run({}, words));
      assert.equal(code, 2);
      assert.match(line, says);
    });
  }

  it('tells a bad setting in one line', async () => {
    const [code, line] = said(await run({ CONSUL_LEADER_KEY: 'lock' }));
    assert.deepEqual([code, line.includes('CONSUL_LEADER_KEY: "lock" has no slash')], [2, true]);
  });

  it('tells that nobody listens at the address, after its tries', { timeout: 60_000 }, async () => {
    const [port = 0] = await freePorts(1);
    const [code, line] = said(await run({ CONSUL_HTTP_ADDR: `http://127.0.0.1:${port}` }));
    assert.equal(code, 1);
    assert.match(line, /cannot be reached \(ECONNREFUSED\)\. Is an agent running there\?/u);
  });

  it('tells that a port for HTTP is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const [code, line] = said(await run({}, ['--http', `127.0.0.1:${port}`]));
    assert.deepEqual([code, /cannot be listened on/u.test(line)], [2, true]);
    server.close();
  });
});

describe('the command, of a Consul that refuses', { timeout: 120_000, concurrency: true }, () => {
  let consul: TestConsulCluster;
  let service: TestService;
  let env: Record<string, string>;

  before(async () => {
    consul = await startConsul({ acl: true, sessionTtlMinMs: 10_000 });
    service = await registerNomadService(consul.first.api, { name: 'web' });
    env = {
      CONSUL_HTTP_ADDR: consul.first.address,
      CONSUL_LEADER_SERVICE_NAME: 'web',
      NOMAD_ALLOC_ID: service.allocId,
    };
  });
  after(() => consul.stop());

  const services = 'service_prefix "" { policy = "write" } node_prefix "" { policy = "read" }';
  const sessions = 'session_prefix "" { policy = "write" }';
  const keys = 'key_prefix "consul-leader/" { policy = "write" }';

  async function withToken(
    name: string,
    rules: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Ended> {
    const token = await tokenWith(consul.first.api, name, rules);
    return run({ ...env, ...more, CONSUL_HTTP_TOKEN: token });
  }

  it('tells that no service matches, after three tries', async () => {
    const [code, line] = said(await withToken('no-service', sessions));
    assert.equal(code, 1);
    assert.match(line, /has no service for the Nomad allocation .*service:read/u);
  });

  it('tells that it may not open sessions', async () => {
    const [code, line] = said(await withToken('no-session', services + keys));
    assert.deepEqual([code, line.includes('lacks the permission session:write')], [1, true], line);
  });

  it('tells that it may not write the key', async () => {
    const [code, line] = said(await withToken('no-key', services + sessions));
    assert.equal(code, 1);
    assert.match(line, /lacks the permission key:(?:read|write) on consul-leader\/web\/lock/u);
  });

  it('tells that it may not write the tags', async () => {
    const reads = 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }';
    const [code, line] = said(await withToken('no-tags', reads + sessions + keys));
    assert.deepEqual([code, line.includes('lacks the permission service:write')], [1, true], line);
  });

  it('tells that the token is unknown', async () => {
    const unknown = '11111111-2222-3333-4444-555555555555';
    const [code, line] = said(await run({ ...env, CONSUL_HTTP_TOKEN: unknown }));
    assert.deepEqual([code, line.includes('It does not know the token')], [1, true], line);
    assert.ok(!line.includes(unknown));
  });

  it('tells that Consul refuses the TTL', async () => {
    const short = { CONSUL_LEADER_TTL: '5s', CONSUL_LEADER_SLEEP: '1' };
    const [code, line] = said(await withToken('short-ttl', services + sessions + keys, short));
    assert.deepEqual([code, /Invalid Session TTL/u.test(line)], [1, true], line);
  });

  it('leads with a token of these permissions, read from a file that changes', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'hf-token-'));
    const file = join(dir, 'token');
    writeFileSync(file, await tokenWith(consul.first.api, 'enough', services + sessions + keys));
    const sidecar = startSidecar({ ...env, CONSUL_HTTP_TOKEN_FILE: file, CONSUL_LEADER_LOG_LEVEL: 'info' });
    await sidecar.said(/leads, by token/u, 30_000);
    sidecar.signal('SIGTERM');
    assert.equal((await sidecar.exited).code, 0);
    rmSync(dir, { recursive: true });
  });
});

describe('the command, of a Consul in one datacenter', { timeout: 60_000 }, () => {
  let consul: TestConsulCluster;
  before(async () => {
    consul = await startConsul();
  });
  after(() => consul.stop());

  for (const words of [[], ['status']]) {
    it(`tells at once that there is no way to another: ${words[0] ?? 'run'}`, async () => {
      const service = await registerNomadService(consul.first.api, { name: 'web' });
      const env = {
        CONSUL_HTTP_ADDR: consul.first.address,
        CONSUL_LEADER_SERVICE_NAME: 'web',
        NOMAD_ALLOC_ID: service.allocId,
        CONSUL_DATACENTER: 'dc9',
      };
      const ended = await run(env, words);
      const [code, line] = said(ended);
      assert.equal(code, 1);
      assert.match(line, /^holdfast elect: CONSUL_DATACENTER: .* has no path to the datacenter "dc9"\. /u);
      // Another try would be a line of its own.
      assert.deepEqual(ended.lines, [line]);
    });
  }

  it('leads in the one that is its own', async () => {
    const service = await registerNomadService(consul.first.api, { name: 'own' });
    const sidecar = startSidecar(
      {
        CONSUL_HTTP_ADDR: consul.first.address,
        CONSUL_LEADER_SERVICE_NAME: 'own',
        NOMAD_ALLOC_ID: service.allocId,
        CONSUL_DATACENTER: 'dc1',
      },
      ['--log-level', 'info', '--ttl', '2s', '--sleep', '0.5'],
    );
    await sidecar.said(/leads, by token/u, 30_000);
    sidecar.signal('SIGTERM');
    assert.equal((await sidecar.exited).code, 0);
  });
});

describe('the command, over TLS', { timeout: 60_000 }, () => {
  let consul: TestConsulCluster;
  before(async () => {
    consul = await startConsul({ tls: true });
  });
  after(() => consul.stop());

  it('leads with a certificate of its own, and tells what is missing without', async () => {
    const { first, tls } = consul;
    assert.ok(tls);
    const service = await registerNomadService(first.api, { name: 'tls' });
    const env = {
      CONSUL_HTTP_ADDR: first.httpsAddress,
      CONSUL_LEADER_SERVICE_NAME: 'tls',
      NOMAD_ALLOC_ID: service.allocId,
      CONSUL_LEADER_LOG_LEVEL: 'info',
    };
    const trusted = { ...env, CONSUL_CACERT: tls.caFile };
    const own = { CONSUL_CLIENT_CERT: tls.certFile, CONSUL_CLIENT_KEY: tls.keyFile };
    const sidecar = startSidecar({ ...trusted, ...own });
    await sidecar.said(/leads, by token/u, 30_000);
    sidecar.signal('SIGTERM');
    assert.equal((await sidecar.exited).code, 0);
    const [untrusting, nameless] = await Promise.all([run({ ...env, ...own }), run(trusted)]);
    assert.match(said(untrusting)[1], /is not trusted .* Set CONSUL_CACERT/u);
    assert.match(said(nameless)[1], /CONSUL_CLIENT_CERT/u);
  });
});
