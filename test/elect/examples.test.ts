import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { waitHealthy } from '../../src/coordination/etcd-server.ts';
import { makeTestCa } from '../../src/coordination/testing/certificates.ts';
import {
  gatewayTo,
  killMember,
  memberSettings,
  planMembers,
  startMember,
} from '../../src/coordination/testing/etcd-members.ts';
import { prepareElection } from '../../src/elector/testing/conjur-scene.ts';
import { startConsul } from '../../src/elector/testing/consul.ts';
import { startTestServer } from '../../src/server/testing/test-server.ts';

const examples = join(import.meta.dirname, '../../examples/elect');

/** Runs an example as it stands, against the built package; told to stop once it has said `until`. */
async function run(
  name: string,
  env: Readonly<Record<string, string>> = {},
  until = /\n$/u,
): Promise<string> {
  const child = spawn(process.execPath, [join(examples, name)], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (!child.killed && until.test(text)) child.kill('SIGTERM');
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0, text);
  return text;
}

describe('the examples of the election library run as written', { timeout: 120_000 }, () => {
  it('in memory', async () => {
    assert.equal(await run('in-memory.ts', {}, /never/u), 'first leads, term 1\nsecond leads, term 2\n');
  });

  it('the guard of a resource', async () => {
    assert.equal(
      await run('guarded-file.ts', {}, /never/u),
      'old leader, young leader; the late one is refused\n',
    );
  });

  it('with Consul', async () => {
    const consul = await startConsul();
    try {
      const text = await run('with-consul.ts', { CONSUL_HTTP_ADDR: consul.first.address });
      assert.match(text, /^leads by \d{40}\nleads no more\n$/u);
    } finally {
      await consul.stop();
    }
  });

  it('with the Conjur API', async () => {
    const server = await startTestServer();
    const dir = await mkdtemp(join(tmpdir(), 'hf-elect-example-'));
    try {
      const { login, apiKey } = (await prepareElection(server, 'fenced', ['app-1'])).member('app-1');
      const keyFile = join(dir, 'app-1.key');
      await writeFile(keyFile, apiKey.reveal(), { mode: 0o600 });
      const text = await run('with-conjur.ts', {
        CONJUR_APPLIANCE_URL: await server.app.listen({ host: '127.0.0.1', port: 0 }),
        CONJUR_ACCOUNT: server.account,
        CONJUR_AUTHN_LOGIN: login,
        CONJUR_AUTHN_API_KEY_FILE: keyFile,
      });
      assert.match(text, /^leads by \d{40}\nleads no more\n$/u);
    } finally {
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('with etcd', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hf-elect-example-'));
    const tls = await (await makeTestCa(dir, 'ca')).issue('node');
    const members = await planMembers(['one']);
    const [one] = members;
    assert.ok(one);
    const etcd = await startMember(memberSettings(dir, one, members, tls));
    try {
      const gateway = await gatewayTo(members, tls);
      await waitHealthy(etcd, gateway, one.endpoint, 10_000);
      gateway.close();
      const files = { ETCD_CA: tls.caFile, ETCD_CERT: tls.certFile, ETCD_KEY: tls.keyFile };
      const text = await run('with-etcd.ts', { ETCD_ENDPOINTS: one.clientUrl, ...files });
      assert.match(text, /^leads by \d{40}\nleads no more\n$/u);
    } finally {
      await killMember(etcd);
      await rm(dir, { recursive: true, force: true });
    }
  });
});
