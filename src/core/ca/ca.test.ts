import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fullId } from '../ids.ts';
import { hostNames } from './host-names.ts';
import { isoDurationSeconds } from './iso-duration.ts';

it('reads durations, and nothing that is none', () => {
  const day = 86_400;
  assert.equal(isoDurationSeconds('P1Y'), 365 * day);
  assert.equal(isoDurationSeconds('P6M'), 15_768_000);
  assert.equal(isoDurationSeconds('P2W'), 14 * day);
  assert.equal(isoDurationSeconds('P1DT1H30M0,5S'), day + 5400.5);
  for (const text of ['', 'P', 'PT', 'P1', '1H', 'P1H', 'PT1D', '-P1D', 'P1DT', 'P9999999999Y']) {
    assert.equal(isoDurationSeconds(text), null, text);
  }
});

it('names a host as Conjur does, and escapes what a certificate or openssl could mistake', () => {
  assert.deepEqual(hostNames(fullId('acme', 'host', 'apps/web-1'), 'kitchen'), {
    commonName: 'acme:kitchen:host:apps/web-1',
    dnsName: 'web-1',
    uri: 'spiffe://conjur/acme/kitchen/host/apps/web-1',
  });
  const odd = hostNames(fullId('acme', 'host', `a/x, DNS:evil\n$HOME'"`), 'k');
  assert.equal(odd.dnsName, null);
  assert.equal(odd.uri, 'spiffe://conjur/acme/k/host/a/x%2C%20DNS%3Aevil%0A%24HOME%27%22');
});
