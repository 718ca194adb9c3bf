import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placeSigner, signerOf } from './audit-signature.ts';
import { readCertificate } from './certificate.ts';
import { createTestAuthority } from './testing/test-authority.ts';

const place = { node: 'f1', chain: 'c1', seq: 7, hash: 'ab'.repeat(32) };

describe('a signed place of the audit trail', { timeout: 60_000 }, () => {
  it('names its signer, and nobody when a word of it, the signature or the authority is another', async () => {
    await using authority = await createTestAuthority();
    await using stranger = await createTestAuthority();
    const [f1, foreign] = await Promise.all([authority.node('f1'), stranger.node('f1')]);
    const ca = readCertificate(authority.caPem);
    const sign = placeSigner({ cert: f1.certPem, key: f1.keyPem }, () => 1_700_000_000_000);
    const signature = sign(place);
    assert.equal(signature.signedAt, '2023-11-14T22:13:20.000Z');
    assert.equal(signerOf(place, signature, ca), 'f1');
    for (const other of [{ seq: 8 }, { hash: 'cd'.repeat(32) }, { node: 'f2' }, { chain: 'c2' }]) {
      assert.equal(signerOf({ ...place, ...other }, signature, ca), null, JSON.stringify(other));
    }
    for (const other of [
      { signedAt: '2023-11-14T22:13:21.000Z' },
      { signature: Buffer.from('none').toString('base64') },
      { certificate: foreign.certPem },
      { certificate: 'none' },
    ]) {
      assert.equal(signerOf(place, { ...signature, ...other }, ca), null, JSON.stringify(other));
    }
    const theirs = placeSigner({ cert: foreign.certPem, key: foreign.keyPem }, Date.now)(place);
    assert.equal(signerOf(place, theirs, ca), null);
    assert.equal(signerOf(place, theirs, readCertificate(stranger.caPem)), 'f1');
  });
});
