import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readIssuerUpdate, readNewIssuer } from './issuer-input.ts';

const data = {
  access_key_id: 'AKIAIOSFODNN7EXAMPLE',
  secret_access_key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const issuer = { id: 'aws-1', type: 'aws', max_ttl: 900, data };

/** Status and sentence of a refusal. */
function refusal(fields: Readonly<Record<string, unknown>>): string {
  const reading = readNewIssuer(fields);
  assert.ok(!reading.ok);
  return `${reading.status} ${reading.message}`;
}

describe('bodies of issuers', () => {
  it('takes what AWS needs', () => {
    assert.deepEqual(readNewIssuer({ ...issuer, type: 'AWS' }), {
      ok: true,
      value: { id: 'aws-1', type: 'AWS', maxTtl: 900, data },
    });
  });

  it('refuses with 400 what is wrong with the request', () => {
    assert.equal(refusal({ ...issuer, type: 'gcp' }), '400 issuer type is unsupported');
    assert.equal(refusal({ type: 'aws' }), '400 id is a required parameter and must be specified');
    assert.equal(refusal({ ...issuer, id: 5 }), "400 the 'id' parameter must be a string");
    assert.match(refusal({ ...issuer, id: 'a/b' }), /^400 invalid 'id' parameter/);
    assert.match(refusal({ ...issuer, id: 'x'.repeat(61) }), /^400 'id' parameter length exceeded/);
    assert.equal(
      refusal({ ...issuer, max_ttl: '900' }),
      "400 the 'max_ttl' parameter must be a positive integer",
    );
    assert.equal(
      refusal({ ...issuer, max_ttl: 899 }),
      "400 the 'max_ttl' parameter must be a between 900 and 43200",
    );
    assert.equal(
      refusal({ ...issuer, data: null }),
      '400 data is a required parameter and must be specified',
    );
    assert.match(refusal({ ...issuer, extra: 1 }), /^400 invalid parameter received in the request body/);
    assert.match(refusal({ ...issuer, data: 'text' }), /^400 'data' is not a valid JSON object/);
  });

  it('refuses with 422 what is wrong with the credentials, and never shows them', () => {
    const wrong = (changes: Readonly<Record<string, unknown>>): string =>
      refusal({ ...issuer, data: { ...data, ...changes } });
    assert.equal(
      wrong({ access_key_id: null }),
      '422 access_key_id is a required parameter and must be specified',
    );
    assert.equal(wrong({ secret_access_key: 1 }), "422 the 'secret_access_key' parameter must be a string");
    assert.match(wrong({ more: 1 }), /^422 invalid parameter received in data/);
    assert.match(wrong({ access_key_id: 'CANARY' }), /^422 invalid 'access_key_id' parameter format/);
    assert.doesNotMatch(wrong({ secret_access_key: 'CANARY' }), /CANARY/);
  });

  it('lets the longest life only grow, and leaves what is not named', () => {
    assert.deepEqual(readIssuerUpdate({ max_ttl: 1000 }, 900), {
      ok: true,
      value: { maxTtl: 1000, data: null },
    });
    assert.deepEqual(readIssuerUpdate({ max_ttl: 900 }, 1000), {
      ok: false,
      status: 400,
      message: 'The new max_ttl must be equal or higher than the current max_ttl',
    });
    assert.equal(readIssuerUpdate({ id: 'x' }, 900).ok, false);
  });
});
