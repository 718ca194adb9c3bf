import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderBytes } from './bytes.ts';
import { renderConfig } from './config.ts';
import { renderFindings } from './findings.ts';
import { renderInstant } from './instant.ts';
import { renderMembers } from './members.ts';
import { plainStyle } from './style.ts';

const addresses = {
  host: '10.0.0.1',
  api: 8400,
  peer: 8401,
  data: 8402,
  audit: 8403,
  etcdClient: null,
  etcdPeer: null,
  agent: 8406,
};

test('bytes are shown in the unit that is read most easily', () => {
  const shown = [0, 1023, 1024, 1536, 20_000, 5 * 1024 ** 2, 3 * 1024 ** 4].map(renderBytes);
  assert.deepEqual(shown, ['0 B', '1023 B', '1.0 kB', '1.5 kB', '20 kB', '5.0 MB', '3.0 TB']);
  assert.equal(renderBytes(null), '–');
});

test('findings tell what to do below what is wrong, and how bad it is at the end', () => {
  const text = renderFindings(
    [
      { area: 'Node', level: 'ok', sentence: '24.21.0', advice: null },
      { area: 'disk', level: 'warning', sentence: '300 MB are free', advice: 'Make room.' },
    ],
    plainStyle,
  );
  assert.equal(
    text,
    '✓ Node  24.21.0\n! disk  300 MB are free\n        → Make room.\n\nNo faults, 1 warning.',
  );
});

test('members are listed with their ports', () => {
  const text = renderMembers([{ name: 'f1', kind: 'follower', addresses }], plainStyle);
  assert.deepEqual(
    text.split('\n').map((line) => line.split(/ {2,}/u)),
    [
      ['NAME', 'KIND', 'HOST', 'API', 'PEER', 'DATA', 'AUDIT', 'AGENT', 'ETCD'],
      ['f1', 'follower', '10.0.0.1', '8400', '8401', '8402', '8403', '8406', '–'],
    ],
  );
});

test('settings are shown under the names by which they are changed', () => {
  const text = renderConfig({
    ttlMs: 2500,
    beatMs: 400,
    syncCount: 1,
    strict: true,
    autoRejoin: false,
    account: 'default',
    publicName: 'vault.example.com',
    loadBalancer: { host: 'vault.example.com', api: 443, data: 5432, audit: 5433 },
    members: [{ name: 'f1', kind: 'follower', addresses }],
  });
  for (const line of [/^ttl +2\.5s$/mu, /^strict +on$/mu, /^auto-rejoin +off$/mu, /:443:5432:5433$/mu]) {
    assert.match(text, line);
  }
});

test('an instant is shown in UTC', () => {
  assert.equal(renderInstant(new Date(1_800_000_000_000)), '2027-01-15 08:00:00 UTC');
});
