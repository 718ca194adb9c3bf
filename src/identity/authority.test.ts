import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { runCommandOk } from '../runtime/run-command.ts';
import { authorityFiles, createAuthority, installAuthority, issueCertificate } from './authority.ts';
import { describeCertificate } from './certificate.ts';
import { createKeyAndRequest, createRequest, requestPublicKey } from './node-key.ts';
import { createTestAuthority } from './testing/test-authority.ts';

const hourMs = 3_600_000;

test('keeps keys readable by their owner alone', async () => {
  await using authority = await createTestAuthority();
  const { keyFile } = await authority.node('n1');
  for (const file of [authorityFiles(authority.dir).keyFile, keyFile]) {
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.match(await readFile(file, 'utf8'), /^-----BEGIN PRIVATE KEY-----/u);
  }
});

test('the authority signs node certificates and nothing below them', async () => {
  await using authority = await createTestAuthority('vault-1');
  const { stdout } = await runCommandOk(['openssl', 'x509', '-in', authority.caFile, '-noout', '-text'], {
    timeoutMs: 5_000,
  });
  assert.match(stdout, /CA:TRUE, pathlen:0/u);
  assert.match(stdout, /Certificate Sign, CRL Sign/u);
  assert.equal(describeCertificate(authority.caPem).commonName, 'vault-1');
  await runCommandOk(['openssl', 'verify', '-x509_strict', '-CAfile', authority.caFile, authority.caFile], {
    timeoutMs: 5_000,
  });
});

test('the issuer decides subject and names, whatever the request asks for', async () => {
  await using authority = await createTestAuthority();
  const keyFile = join(authority.dir, 'sly.key');
  await createKeyAndRequest({ keyFile, commonName: 'sly' });
  const { stdout: requestPem } = await runCommandOk(
    [
      'openssl',
      'req',
      '-new',
      '-key',
      keyFile,
      '-subj',
      '/O=Root/CN=admin',
      '-addext',
      'subjectAltName=DNS:admin.example',
      '-addext',
      'basicConstraints=CA:TRUE',
    ],
    { timeoutMs: 5_000 },
  );
  assert.match(requestPem, /BEGIN CERTIFICATE REQUEST/u);
  const pem = await issueCertificate({
    authorityDir: authority.dir,
    requestPem,
    commonName: 'node-7',
    dnsNames: ['node-7.example', 'cluster.example'],
    ipAddresses: ['10.1.2.3', '2001:db8::7'],
    days: 2,
  });
  const certificate = new X509Certificate(pem);
  const described = describeCertificate(pem);
  assert.equal(certificate.subject, 'CN=node-7');
  assert.equal(certificate.ca, false);
  assert.deepEqual(described.dnsNames, ['node-7.example', 'cluster.example']);
  assert.deepEqual(described.ipAddresses, ['10.1.2.3', '2001:DB8:0:0:0:0:0:7']);
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
});

test('certificates begin a little early, have long random serials and never outlive the authority', async () => {
  await using authority = await createTestAuthority();
  const [first, second] = [await authority.node('n1'), await authority.node('n2')];
  const ca = describeCertificate(authority.caPem);
  const { notBefore, notAfter, fingerprint } = describeCertificate(first.certPem);
  assert.ok(notBefore.getTime() < Date.now() - 60_000 && notBefore.getTime() > Date.now() - hourMs);
  assert.ok(Math.abs(notAfter.getTime() - Date.now() - 7 * 24 * hourMs) < hourMs);
  assert.equal(
    fingerprint,
    createHash('sha256').update(new X509Certificate(first.certPem).raw).digest('hex'),
  );
  const serials = [first, second].map(({ certPem }) => new X509Certificate(certPem).serialNumber);
  assert.notEqual(serials[0], serials[1]);
  assert.ok(serials.every((serial) => serial.length >= 32));
  const long = await issueCertificate({
    authorityDir: authority.dir,
    requestPem: first.requestPem,
    commonName: 'n1',
    dnsNames: ['n1'],
    ipAddresses: [],
    days: 3_000,
  });
  assert.equal(describeCertificate(long).notAfter.getTime(), ca.notAfter.getTime());
});

test('refuses a request whose signature is wrong: the sender does not hold the key', async () => {
  await using authority = await createTestAuthority();
  const { requestPem } = await authority.node('n1');
  const der = Buffer.from(requestPem.replaceAll(/-----[^-]+-----|\s/gu, ''), 'base64');
  der.writeUInt8(der.readUInt8(der.length - 3) ^ 1, der.length - 3);
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  const order = { authorityDir: authority.dir, commonName: 'n1', dnsNames: ['n1'], ipAddresses: [], days: 1 };
  for (const bad of [forged, 'nonsense', '']) {
    await assert.rejects(issueCertificate({ ...order, requestPem: bad }), (error) =>
      isProblem(error, 'certificate_invalid'),
    );
  }
});

test('refuses a key that is not on P-256', async () => {
  await using authority = await createTestAuthority();
  const keyFile = join(authority.dir, 'rsa.key');
  await runCommandOk(['openssl', 'genrsa', '-out', keyFile, '2048'], { timeoutMs: 20_000 });
  const requestPem = await createRequest({ keyFile, commonName: 'n1' });
  await assert.rejects(requestPublicKey(requestPem), /P-256/u);
});

test('refuses names that could mean something to openssl', async () => {
  await using authority = await createTestAuthority();
  const { requestPem } = await authority.node('n1');
  const order = {
    authorityDir: authority.dir,
    requestPem,
    commonName: 'n1',
    dnsNames: ['n1'],
    ipAddresses: [],
    days: 1,
  };
  const bad = [
    { ...order, commonName: 'n1/O=Root' },
    { ...order, commonName: '' },
    { ...order, dnsNames: ['n1, IP:10.0.0.1'] },
    { ...order, dnsNames: ['n1\nkeyUsage = keyCertSign'] },
    { ...order, dnsNames: ['10.0.0.1'] },
    { ...order, ipAddresses: ['localhost'] },
    { ...order, dnsNames: [] },
    { ...order, days: 0 },
  ];
  for (const wrong of bad) {
    await assert.rejects(issueCertificate(wrong), (error) => isProblem(error, 'certificate_invalid'));
  }
});

test('never overwrites an authority or a key', async () => {
  await using authority = await createTestAuthority();
  const { keyFile, keyPem } = await authority.node('n1');
  const isRefusal = (error: unknown): boolean => isProblem(error, 'directory_not_ours');
  await assert.rejects(createAuthority({ dir: authority.dir, clusterName: 'other', days: 1 }), isRefusal);
  await assert.rejects(createKeyAndRequest({ keyFile, commonName: 'n1' }), isRefusal);
  assert.equal(await readFile(keyFile, 'utf8'), keyPem);
  assert.equal(await readFile(authority.caFile, 'utf8'), authority.caPem);
});

test('an authority that was handed over issues certificates that the first one recognises', async () => {
  await using authority = await createTestAuthority();
  await using stranger = await createTestAuthority();
  const keyPem = await readFile(authorityFiles(authority.dir).keyFile);
  const dir = join(authority.dir, 'copy');
  const node = await authority.node('n1');
  await assert.rejects(installAuthority({ dir, certificatePem: stranger.caPem, keyPem }), (error) =>
    isProblem(error, 'certificate_invalid'),
  );
  await installAuthority({ dir, certificatePem: authority.caPem, keyPem });
  const pem = await issueCertificate({
    authorityDir: dir,
    requestPem: node.requestPem,
    commonName: 'n1',
    dnsNames: ['n1'],
    ipAddresses: [],
    days: 1,
  });
  assert.ok(describeCertificate(pem).issuerMatches(authority.caPem));
  assert.equal((await stat(authorityFiles(dir).keyFile)).mode & 0o777, 0o600);
});
