import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import type { SyncConfig } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import { overridden } from './overridden.ts';

function configWith(block: string): SyncConfig {
  const reading = readConfig(
    `vault: corp
target: {url: 'https://vault.example.com', account: demo, login: host/sync, apiKeyFile: sync.key}
stateDirectory: /var/lib/sync
source: {kind: directory, path: secrets}
${block}`,
    '/etc/holdfast',
  );
  assert.ok(reading.ok);
  return reading.config;
}

it('another protocol than the configuration’s takes its place, and nothing else changes', () => {
  const config = configWith('election: {protocol: fenced, lease: 20s, name: one}');
  assert.deepEqual(overridden(config, 'published'), {
    ...config,
    election: { protocol: 'published', leaseMs: 20_000, name: 'one' },
  });
  assert.deepEqual(overridden(config, null), config);
});

it('there is no protocol where there is no election', () => {
  const config = configWith('');
  assert.deepEqual(overridden(config, null), config);
  assert.throws(
    () => overridden(config, 'fenced'),
    (error) => isProblem(error, 'config_invalid') && error.detail.startsWith('--protocol: '),
  );
});
