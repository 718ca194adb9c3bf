import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { apiSettingsDoc, apiSettingsDocPath } from '../../scripts/api-settings-doc.ts';
import { defaultApiSettings } from './api-settings.ts';
import { apiSettingDocs, readApiSettings } from './api-settings-read.ts';

describe('settings of the API', () => {
  it('are the defaults where nothing is said', () => {
    assert.deepEqual(readApiSettings({ CONJUR_TRUSTED_PROXIES: ' ', PATH: '/bin' }), {
      ok: true,
      settings: defaultApiSettings,
    });
  });

  it('are read in the forms that operators of Conjur know', () => {
    const reading = readApiSettings({
      CONJUR_USER_AUTHORIZATION_TOKEN_TTL: 'PT1H30M',
      CONJUR_HOST_AUTHORIZATION_TOKEN_TTL: '99999',
      CONJUR_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7',
      CONJUR_AUTHENTICATORS: 'authn,authn-jwt/ci/one',
      CONJUR_AUTHN_API_KEY_DEFAULT: 'false',
      CONJUR_API_RESOURCE_LIST_LIMIT_MAX: '50',
    });
    assert.deepEqual(reading, {
      ok: true,
      settings: {
        ...defaultApiSettings,
        userTokenTtlSeconds: 5400,
        hostTokenTtlSeconds: 18_000,
        trustedProxies: ['10.0.0.0/8', '192.0.2.7/32'],
        authenticators: ['authn-jwt/ci/one'],
        hostApiKeys: false,
        listLimitMax: 50,
      },
    });
  });

  it('take a client certificate with its key only', () => {
    const cert = { HOLDFAST_AUDIT_FORWARD_CERT: '/etc/a.crt' };
    const reading = readApiSettings(cert);
    assert.ok(!reading.ok);
    assert.match(reading.faults.join(), /^HOLDFAST_AUDIT_FORWARD_KEY: it is missing/);
    assert.ok(readApiSettings({ ...cert, HOLDFAST_AUDIT_FORWARD_KEY: '/etc/a.key' }).ok);
  });

  it('tell every fault at once, each by its name', () => {
    const wrong = Object.fromEntries(apiSettingDocs.map(({ name }) => [name, '?']));
    const reading = readApiSettings(wrong);
    assert.ok(!reading.ok);
    assert.deepEqual(
      reading.faults.map((fault) => fault.split(':')[0]),
      apiSettingDocs.map(({ name }) => name),
    );
  });
});

describe('docs/api-settings.md', () => {
  it('shows the settings as they are (node scripts/api-settings-doc.ts writes it)', () => {
    assert.equal(readFileSync(apiSettingsDocPath, 'utf8'), apiSettingsDoc());
  });
});
