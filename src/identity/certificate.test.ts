import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { describeCertificate } from './certificate.ts';
import { type CertificateCheck, checkCertificate } from './check-certificate.ts';
import { createTestAuthority } from './testing/test-authority.ts';

const dayMs = 86_400_000;

function kinds(check: CertificateCheck): readonly string[] {
  return checkCertificate(check).map(({ kind }) => kind);
}

test('finds no fault with a good certificate', async () => {
  await using authority = await createTestAuthority();
  const { certPem: pem, keyPem: privateKeyPem } = await authority.node('n1');
  const check = { pem, privateKeyPem, caPem: authority.caPem, nowMs: Date.now(), warnDays: 1 };
  assert.deepEqual(checkCertificate({ ...check, names: ['n1', 'localhost', '127.0.0.1', '::1'] }), []);
});

test('recognises a certificate of another authority, even one of the same name', async () => {
  await using ours = await createTestAuthority('same');
  await using theirs = await createTestAuthority('same');
  const { certPem: pem } = await theirs.node('n1');
  assert.equal(describeCertificate(pem).issuerMatches(theirs.caPem), true);
  assert.equal(describeCertificate(pem).issuerMatches(ours.caPem), false);
  assert.deepEqual(kinds({ pem, caPem: ours.caPem, nowMs: Date.now(), warnDays: 1, names: [] }), [
    'wrong authority',
  ]);
});

test('a node certificate is no authority', async () => {
  await using authority = await createTestAuthority();
  const [first, second] = [await authority.node('n1'), await authority.node('n2')];
  assert.equal(describeCertificate(first.certPem).issuerMatches(second.certPem), false);
});

test('tells expired, about to expire and not yet valid apart', async () => {
  await using authority = await createTestAuthority();
  const { certPem: pem } = await authority.node('n1');
  const check = { pem, caPem: authority.caPem, warnDays: 3, names: [] };
  const now = Date.now();
  assert.deepEqual(kinds({ ...check, nowMs: now + 3 * dayMs }), []);
  assert.deepEqual(kinds({ ...check, nowMs: now + 5 * dayMs }), ['expires soon']);
  assert.deepEqual(kinds({ ...check, nowMs: now + 8 * dayMs }), ['expired']);
  assert.deepEqual(kinds({ ...check, nowMs: now + 31 * dayMs }), ['expired', 'expired'], 'the authority too');
  assert.deepEqual(kinds({ ...check, nowMs: now - dayMs }), ['not yet valid']);
  const [warning] = checkCertificate({ ...check, nowMs: now + 5 * dayMs });
  assert.equal(warning?.fatal, false);
  assert.match(warning?.sentence ?? '', /in 1 days|in 2 days/u);
});

test('names each name that a certificate is not good for', async () => {
  await using authority = await createTestAuthority();
  const { certPem: pem } = await authority.node('n1');
  const names = ['n1', 'n2', '10.9.9.9', '127.0.0.1'];
  const faults = checkCertificate({ pem, caPem: authority.caPem, nowMs: Date.now(), warnDays: 1, names });
  assert.deepEqual(
    faults.map(({ kind }) => kind),
    ['missing name', 'missing name'],
  );
  assert.match(faults.map(({ sentence }) => sentence).join(), /"n2".*"10\.9\.9\.9"/u);
});

test('recognises the key of another node and a missing key usage', async () => {
  await using authority = await createTestAuthority();
  const [first, second] = [await authority.node('n1'), await authority.node('n2')];
  const check = { caPem: authority.caPem, nowMs: Date.now(), warnDays: 1, names: [] };
  assert.deepEqual(kinds({ ...check, pem: first.certPem, privateKeyPem: second.keyPem }), ['wrong key']);
  assert.deepEqual(kinds({ ...check, pem: first.certPem, privateKeyPem: 'nonsense' }), ['wrong key']);
  assert.deepEqual(kinds({ ...check, pem: authority.caPem }), ['missing usage', 'missing usage']);
});

test('refuses what is no certificate', () => {
  assert.throws(
    () => describeCertificate('nonsense'),
    (error) => isProblem(error, 'certificate_invalid'),
  );
  assert.deepEqual(kinds({ pem: '', caPem: '', nowMs: 0, warnDays: 1, names: [] }), ['unreadable']);
});
