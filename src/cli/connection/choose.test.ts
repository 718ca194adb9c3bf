import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { chooseAddress, chooseConnection, normalUrl, type Source } from './choose.ts';

const silent: Source = { name: 'silent', url: null, account: null, ca: null, login: null, apiKey: null };
const session: Source = {
  name: 'session',
  url: 'https://vault.test',
  account: 'default',
  ca: 'CA of vault',
  login: 'alice',
  apiKey: new Secret('key of alice'),
};

function usage(says: RegExp): (error: unknown) => boolean {
  return (error) => isProblem(error, 'usage') && says.test(error.detail) && !error.detail.includes('key of');
}

test('the first that says something is believed', () => {
  const env = { ...silent, login: 'host/web', apiKey: new Secret('key of web') };
  const chosen = chooseConnection([silent, env, session]);
  assert.deepEqual(
    [chosen.url, chosen.account, chosen.ca, chosen.login],
    ['https://vault.test', 'default', 'CA of vault', 'host/web'],
  );
  assert.equal(chosen.apiKey.reveal(), 'key of web');
});

test('a key never goes to another server, account or login than it was meant for', () => {
  const elsewhere = { ...silent, url: 'https://evil.test', account: 'default', login: 'alice' };
  assert.throws(
    () => chooseConnection([elsewhere, session]),
    usage(/no API key for alice at https:\/\/evil.test/u),
  );
  assert.equal(chooseAddress([elsewhere, session]).ca, null, 'nor does its authority vouch for that server');
  assert.throws(
    () => chooseConnection([{ ...silent, account: 'shop' }, session]),
    usage(/nobody is logged in.*account shop/u),
  );
  assert.throws(() => chooseConnection([{ ...silent, login: 'bob' }, session]), usage(/no API key for bob/u));
});

test('two ways to write a URL are one server', () => {
  for (const url of ['https://vault.test/', 'https://VAULT.test', 'https://vault.test:443']) {
    assert.equal(chooseConnection([{ ...silent, url }, session]).url, 'https://vault.test');
  }
});

test('another account of the same server is reached by what is known of the server', () => {
  const { url, ca } = chooseAddress([{ ...silent, account: 'shop' }, session]);
  assert.deepEqual([url, ca], ['https://vault.test', 'CA of vault']);
});

test('what is missing is named, with the way out', () => {
  assert.throws(() => chooseAddress([silent]), usage(/--url.*HOLDFAST_URL/u));
  assert.throws(() => chooseAddress([{ ...silent, url: 'https://vault.test' }]), usage(/which account/u));
  assert.throws(
    () => chooseConnection([{ ...session, login: null, apiKey: null }]),
    usage(/holdfast login/u),
  );
});

test('a URL that is none, holds a password, or would send keys in the clear is refused', () => {
  for (const url of [
    'vault.test',
    'ftp://vault.test',
    'https://vault.test?x',
    'https://a:b@vault.test',
    'http://vault.test',
    'http://10.0.0.1',
    'http://localhost.evil.test',
    '',
  ]) {
    assert.throws(() => normalUrl(url), usage(/^--url: /u), url);
  }
  assert.equal(normalUrl('http://127.0.0.1:8080/'), 'http://127.0.0.1:8080');
  assert.equal(normalUrl('https://vault.test/api/'), 'https://vault.test/api');
});
