import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { startSidecar } from '../../bench/elect/contender.ts';
import { revoke, tokenWith } from '../../src/elector/testing/consul-acl.ts';
import { startConsul, type TestConsulCluster, tlsName } from '../../src/elector/testing/consul.ts';
import { awaitKey, awaitPassingWithTag, readKey } from '../../src/elector/testing/consul-view.ts';
import { registerNomadService, type TestService } from '../../src/elector/testing/nomad-service.ts';
import { complains, elects } from './elects.ts';

const nomadOf = ({ allocId, name }: TestService) => ({
  NOMAD_ALLOC_ID: allocId,
  CONSUL_LEADER_SERVICE_NAME: name,
});

// Each waits for a TTL of a service of its own: together, one.
suite("Consul's own variables reach Consul", { concurrency: true }, () => {
  let consul: TestConsulCluster;
  before(async () => {
    consul = await startConsul({ tls: true });
  });
  after(() => consul.stop());

  function tlsEnv(): Readonly<Record<string, string>> {
    const { tls, first } = consul;
    assert.ok(tls !== null);
    return {
      CONSUL_HTTP_ADDR: first.httpsAddress,
      CONSUL_CACERT: tls.caFile,
      CONSUL_CLIENT_CERT: tls.certFile,
      CONSUL_CLIENT_KEY: tls.keyFile,
    };
  }
  const without = (env: Readonly<Record<string, string>>, ...names: readonly string[]) =>
    Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));

  test('over TLS with a client certificate', () =>
    elects(consul.first, 'tls', (service) => ({ ...nomadOf(service), ...tlsEnv() })));

  test('over TLS where CONSUL_HTTP_SSL alone says so', () =>
    elects(consul.first, 'ssl', (service) => ({
      ...nomadOf(service),
      ...tlsEnv(),
      CONSUL_HTTP_ADDR: new URL(consul.first.httpsAddress).host,
      CONSUL_HTTP_SSL: 'true',
    })));

  test('over TLS by the name in the certificate, and by no other', async () => {
    const named = (name: string) => (service: TestService) => ({
      ...nomadOf(service),
      ...tlsEnv(),
      CONSUL_TLS_SERVER_NAME: name,
    });
    await Promise.all([
      elects(consul.first, 'named', named(tlsName)),
      complains(consul.first, 'misnamed', named('other.test'), /CONSUL_TLS_SERVER_NAME/u),
    ]);
  });

  test('not over TLS without a client certificate, and not to an authority that nobody named', async () => {
    const lacking = (...names: readonly string[]) => {
      const env = without(tlsEnv(), ...names);
      return complains(
        consul.first,
        `lacking-${names.length}`,
        (service) => ({ ...nomadOf(service), ...env }),
        /certificate/u,
      );
    };
    await Promise.all([lacking('CONSUL_CLIENT_CERT', 'CONSUL_CLIENT_KEY'), lacking('CONSUL_CACERT')]);
  });

  test('over a Unix socket', () =>
    elects(consul.first, 'socket', (service) => ({
      ...nomadOf(service),
      CONSUL_HTTP_ADDR: consul.first.socketAddress,
    })));
});

suite('a token in a file', () => {
  test('is read again when Consul refuses the one before', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hf-token-'));
    const consul = await startConsul({ acl: true });
    const { api, address } = consul.first;
    const file = join(dir, 'token');
    const rules = 'key_prefix "" { policy = "write" } session_prefix "" { policy = "write" }';
    const makeToken = (name: string) => tokenWith(api, name, `${rules} service "db" { policy = "write" }`);
    const old = await makeToken('old');
    await writeFile(file, `${old}\n`, { mode: 0o600 });
    const service = await registerNomadService(api, { name: 'db' });
    const env = { ...nomadOf(service), CONSUL_HTTP_ADDR: address, CONSUL_HTTP_TOKEN_FILE: file };
    const sidecar = startSidecar('ours', { ...env, CONSUL_LEADER_TTL: '10s', CONSUL_LEADER_SLEEP: '1' });
    try {
      await awaitPassingWithTag(api, 'db', 'primary', (ids) => ids[0] === service.id, 30_000);
      const next = await makeToken('next');
      await writeFile(file, `${next}\n`);
      await revoke(api, old);
      const held = await readKey(api, 'consul-leader/db/lock');
      await api.ask('DELETE', 'kv/consul-leader/db/lock');
      await awaitKey(
        api,
        'consul-leader/db/lock',
        (entry) => entry?.Session !== undefined && entry.CreateIndex !== held?.CreateIndex,
        20_000,
      );
      assert.doesNotMatch(sidecar.output(), new RegExp(`${old}|${next}`, 'u'));
    } finally {
      await sidecar.end('SIGTERM');
      await consul.stop();
      await rm(dir, { recursive: true, force: true });
    }
  });
});
