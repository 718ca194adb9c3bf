import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runCommandOk } from '../../runtime/run-command.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

/** Sources of the expectations: cucumber/api/features/certificate_authority.feature of cyberark/conjur. */
const policy = `
- !host bacon
- !host
  id: a/very/long/name/that/no/certificate/can/hold/since/it/ends/after/64/letters
- !host toast
- !user alice
- !group signers
- !grant { role: !group signers, members: [ !host bacon, !user alice, !host a/very/long/name/that/no/certificate/can/hold/since/it/ends/after/64/letters ] }
${['kitchen', 'dining-room', 'empty']
  .map(
    (service) => `
- !policy
  id: conjur/${service}/ca
  body:
  - !variable private-key
  - !variable password
  - !variable chain
  - !webservice
    annotations:
      ca/private-key: conjur/${service}/ca/private-key
      ca/private-key-password: conjur/${service}/ca/password
      ca/certificate-chain: conjur/${service}/ca/chain
      ca/max_ttl: P1D
- !permit { role: !group signers, privilege: sign, resource: !webservice conjur/${service}/ca }`,
  )
  .join('')}
`;

describe('the certificate authorities of an account', { timeout: 90_000 }, () => {
  let server: TestServer;
  let directory: string;
  let keys: ReadonlyMap<string, string>;
  let authority: X509Certificate;
  let csr: string;

  const openssl = (...argv: string[]) =>
    runCommandOk(['openssl', ...argv], { timeoutMs: 30_000, cwd: directory });
  const store = async (service: string, name: string, payload: string): Promise<void> => {
    const url = `/secrets/demo/variable/conjur%2F${service}%2Fca%2F${name}`;
    const answer = await server.asAdmin({ method: 'POST', url, payload });
    assert.equal(answer.statusCode, 201, answer.body);
  };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hf-ca-'));
    server = await startTestServer();
    keys = await server.load(policy);
    const root = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=ca'];
    await openssl(...root, '-keyout', 'ca.key', '-out', 'ca.pem');
    const request = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=whatever'];
    await openssl(...request, '-keyout', 'host.key', '-out', 'host.csr');
    csr = await readFile(join(directory, 'host.csr'), 'utf8');
    const [key, chain] = await Promise.all(
      ['ca.key', 'ca.pem'].map((name) => readFile(join(directory, name), 'utf8')),
    );
    authority = new X509Certificate(chain ?? '');
    const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
    await store('kitchen', 'private-key', key ?? '');
    await store('kitchen', 'chain', `${chain}\n${chain}`);
    await store(
      'dining-room',
      'private-key',
      createPrivateKey(key ?? '')
        .export(cipher)
        .toString(),
    );
    await store('dining-room', 'password', 'secret');
    await store('dining-room', 'chain', chain ?? '');
  });
  after(async () => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const sign = async (
    login: string,
    service: string,
    fields: Readonly<Record<string, string>>,
    accept = '*/*',
  ) => {
    const id = login.startsWith('host/') ? `demo:host:${login.slice(5)}` : `demo:user:${login}`;
    const authorization = await server.tokenFor(login, keys.get(id) ?? '');
    return server.app.inject({
      method: 'POST',
      url: `/ca/demo/${service}/sign`,
      headers: { authorization, accept, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(fields).toString(),
    });
  };

  it('signs for a host, under the names of that host, no longer than the authority lets it', async () => {
    const answer = await sign('host/bacon', 'kitchen', { csr, ttl: 'P6M' });
    assert.equal(answer.statusCode, 201, answer.body);
    const certificate = new X509Certificate(answer.json<{ certificate: string }>().certificate);
    assert.ok(certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
    assert.equal(certificate.subject, 'CN=demo:kitchen:host:bacon');
    assert.equal(certificate.subjectAltName, 'DNS:bacon, URI:spiffe://conjur/demo/kitchen/host/bacon');
    assert.equal(certificate.ca, false);
    assert.ok(certificate.checkPrivateKey(createPrivateKey(await readFile(join(directory, 'host.key')))));
    const lifeMs = certificate.validToDate.getTime() - certificate.validFromDate.getTime();
    assert.equal(lifeMs, 24 * 3600 * 1000);
    assert.equal(
      (await server.auditMessages()).at(-1),
      'demo:host:bacon got a certificate signed by demo:webservice:conjur/kitchen/ca',
    );
  });

  it('gives plain PEM on request, and opens a key that has a password', async () => {
    const answer = await sign('host/bacon', 'dining-room', { csr, ttl: 'PT1H' }, 'application/x-pem-file');
    assert.equal(answer.statusCode, 201, answer.body);
    assert.equal(answer.headers['content-type'], 'application/x-pem-file');
    assert.match(answer.body, /^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n$/);
  });

  it('refuses who is no host or has not the privilege, and services that are not there', async () => {
    const statuses = await Promise.all(
      [
        sign('host/toast', 'kitchen', { csr, ttl: 'PT1H' }),
        sign('alice', 'kitchen', { csr, ttl: 'PT1H' }),
        sign('host/bacon', 'living-room', { csr, ttl: 'PT1H' }),
      ].map(async (answer) => (await answer).statusCode),
    );
    assert.deepEqual(statuses, [403, 403, 404]);
  });

  it('refuses a request that another key has signed, and what is none', async () => {
    const der = Buffer.from(csr.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1);
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    assert.equal((await sign('host/bacon', 'kitchen', { csr: forged, ttl: 'PT1H' })).statusCode, 403);
    const wrong: readonly Readonly<Record<string, string>>[] = [
      { csr: 'none', ttl: 'PT1H' },
      { ttl: 'PT1H' },
      { csr, ttl: 'soon' },
      { csr },
      { csr, ttl: 'PT0S' },
    ];
    for (const fields of wrong) {
      const answer = await sign('host/bacon', 'kitchen', fields);
      assert.equal(answer.statusCode, 422, answer.body);
    }
  });

  it('says what is missing of an authority, and when a name is too long for a certificate', async () => {
    const empty = await sign('host/bacon', 'empty', { csr, ttl: 'PT1H' });
    assert.equal(empty.statusCode, 422);
    assert.match(empty.body, /its annotation ca\/certificate-chain must name a variable that has a value/);
    const id = 'a/very/long/name/that/no/certificate/can/hold/since/it/ends/after/64/letters';
    const long = await sign(`host/${id}`, 'kitchen', { csr, ttl: 'PT1H' });
    assert.match(long.body, /longer than the 64 letters that a certificate can hold/);
  });
});
