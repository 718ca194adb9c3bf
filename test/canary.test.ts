import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { secretsIn } from './compat/canary.ts';

const secret = 's3cr3t-värde/with+odd?letters';
const found = (text: string | Buffer): readonly string[] =>
  secretsIn([{ name: 'log', bytes: Buffer.from(text) }], [secret]);

describe('the search for secrets that were left in clear', () => {
  it('finds one as it is, in hex, and percent-encoded', () => {
    const bytes = Buffer.from(secret);
    assert.match(
      found(`{"msg":"took ${secret}"}`)[0] ?? '',
      /^log holds a secret in clear \(as it is, s3cr…\)$/,
    );
    assert.equal(found(`\\x${bytes.toString('hex')}`).length, 1);
    assert.equal(found(bytes.toString('hex').toUpperCase()).length, 1);
    assert.equal(found(`/x?y=${encodeURIComponent(secret)}`).length, 1);
  });

  it('finds one in base64, wherever in the encoded text it begins', () => {
    for (const before of ['', 'a', 'ab', 'abc', 'abcd', 'user:']) {
      for (const after of ['', 'z', 'zz']) {
        const text = Buffer.from(`${before}${secret}${after}`);
        assert.notEqual(found(text.toString('base64')).length, 0, `${before}…${after}`);
        assert.notEqual(found(text.toString('base64url')).length, 0, `${before}…${after}`);
      }
    }
  });

  it('finds nothing where nothing is', () => {
    assert.deepEqual(found('s3cr3t-other'), []);
    assert.deepEqual(secretsIn([{ name: 'log', bytes: Buffer.from('anything') }], ['']), []);
  });
});
