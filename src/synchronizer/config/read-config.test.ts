import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { readConfig } from './read-config.ts';

const target = `
target: {url: 'https://vault.example.com/', account: demo, login: host/sync, apiKeyFile: sync.key}
stateDirectory: /var/lib/sync`;

function faultsOf(text: string): readonly string[] {
  const reading = readConfig(text, '/etc/holdfast');
  return reading.ok ? [] : reading.faults;
}

test('the shortest configuration is filled with safe values', () => {
  const reading = readConfig(
    `vault: corp${target}\nsource: {kind: directory, path: secrets}`,
    '/etc/holdfast',
  );
  assert.deepEqual(reading, {
    ok: true,
    config: {
      vault: 'corp',
      branch: 'root',
      target: {
        url: 'https://vault.example.com',
        account: 'demo',
        caFile: null,
        login: 'host/sync',
        apiKeyFile: '/etc/holdfast/sync.key',
      },
      source: { kind: 'directory', path: '/etc/holdfast/secrets' },
      removal: { policy: 'retain', most: 500, mostPercent: 10 },
      drift: 'repair',
      everyMs: 300_000,
      fullCheckEveryMs: 86_400_000,
      stateDirectory: '/var/lib/sync',
      concurrency: 24,
      election: null,
      http: null,
    },
  });
});

test('lines of business of PAM and Vault are read with their credentials', () => {
  const pam = readConfig(
    `vault: corp${target}
source:
  kind: cyberark-pam
  url: https://pvwa.example.com
  interval: 0ms
  linesOfBusiness:
    - {name: a, method: LDAP, username: u, passwordFile: a.key}
    - {name: b, variable: conjur/vault-synchronizer/vault-lines-of-business/b}`,
    '/etc',
  );
  assert.ok(pam.ok && pam.config.source.kind === 'cyberark-pam');
  assert.deepEqual(pam.config.source.linesOfBusiness, [
    { name: 'a', method: 'LDAP', credentials: { username: 'u', passwordFile: '/etc/a.key' } },
    {
      name: 'b',
      method: 'Cyberark',
      credentials: { variable: 'conjur/vault-synchronizer/vault-lines-of-business/b' },
    },
  ]);
  const vault = readConfig(
    `vault: corp${target}
source:
  kind: vault
  url: http://127.0.0.1:8200
  linesOfBusiness: [{name: kv, mount: kv, namespace: team, roleId: r, secretIdFile: s}]`,
    '/etc',
  );
  assert.ok(vault.ok && vault.config.source.kind === 'vault');
  assert.deepEqual(vault.config.source.linesOfBusiness[0]?.auth, {
    kind: 'approle',
    mount: 'approle',
    roleId: 'r',
    secretIdFile: '/etc/s',
  });
});

test('an election and an address for probes are read, and their names alone ask for the usual ones', () => {
  const read = (text: string) => {
    const reading = readConfig(`vault: corp${target}\nsource: {kind: directory, path: d}\n${text}`, '/etc');
    assert.ok(reading.ok, JSON.stringify(reading));
    return [reading.config.election, reading.config.http];
  };
  const usual = { protocol: 'fenced', leaseMs: 30_000, name: hostname() };
  assert.deepEqual(read('election:\nhttp:'), [usual, { host: '127.0.0.1', port: 9180 }]);
  assert.deepEqual(
    read('election: {protocol: published, lease: 10m, name: sync 1}\nhttp: {listen: "[::1]:80"}'),
    [
      { protocol: 'published', leaseMs: 600_000, name: 'sync 1' },
      { host: '::1', port: 80 },
    ],
  );
  assert.deepEqual(read('http: {listen: "sync-1.example.com:65535"}'), [
    null,
    { host: 'sync-1.example.com', port: 65_535 },
  ]);
});

test('what is wrong with an election or an address is told with everything else', () => {
  const faults = faultsOf(`vault: corp${target}
source: {kind: directory, path: d}
election: {protocol: raft, lease: 9999ms, name: "a\\nb", port: 1}
http: {listen: "1.2.3.4:65536", tls: true}`);
  assert.deepEqual(
    faults.map((fault) => fault.slice(0, fault.indexOf(':'))),
    ['election.name', 'election.protocol', 'election.lease', 'election.port', 'http.listen', 'http.tls'],
  );
  for (const listen of ['9180', ':9180', 'a:0', '::1:80', '[::1', '[1.2.3.4]:80', 'a b:80', 'http://a:80'])
    assert.equal(
      faultsOf(`vault: corp${target}\nsource: {kind: directory, path: d}\nhttp: {listen: "${listen}"}`)
        .length,
      1,
      listen,
    );
  assert.match(
    faultsOf(`vault: corp${target}\nsource: {kind: directory, path: d}\nelection: yes`)[0] ?? '',
    /^election: must be a mapping/u,
  );
});

test('all faults are told at once, each with its place', () => {
  const text = `
vualt: corp
target: {url: 'http://vault.example.com', account: '', login: 7}
source:
  kind: cyberark-pam
  url: https://pvwa.example.com
  timeout: soon
  linesOfBusiness:
    - {name: a, method: Kerberos, username: u, passwordFile: p, variable: v}
    - {name: a, username: u}
removal: {policy: purge, mostPercent: 101}
drift: ignore
concurrency: 1.5`;
  assert.deepEqual(
    faultsOf(text).map((fault) => fault.slice(0, fault.indexOf(':'))),
    [
      'vault',
      'target.url',
      'target.account',
      'target.login',
      'target.apiKeyFile',
      'source.timeout',
      'source.linesOfBusiness[0].method',
      'source.linesOfBusiness[0].variable',
      'source.linesOfBusiness[1].passwordFile',
      'source.linesOfBusiness',
      'removal.policy',
      'removal.mostPercent',
      'drift',
      'stateDirectory',
      'concurrency',
      'vualt',
    ],
  );
  assert.deepEqual(faultsOf(''), [
    'vault: is missing.',
    'target: is missing.',
    'source: is missing.',
    'stateDirectory: is missing.',
  ]);
  assert.match(faultsOf('a: [1')[0] ?? '', /line 1, column \d+/u);
  assert.match(faultsOf('vault: 2026').join(), /vault: must be a text: put it in quotes/u);
});

const vaultOf = (more: string): string =>
  `vault: corp${target}\nsource: {kind: vault, url: 'https://h', linesOfBusiness: [{name: a, ${more}}]}`;
const withBranch = (branch: string): string =>
  `vault: corp${target}\nbranch: ${branch}\nsource: {kind: directory, path: d}`;

test('what YAML cannot resolve is a fault of the file, not an error of ours', () => {
  assert.match(
    faultsOf(`vault: corp${target}\nsource: *x`).join(),
    /^Unresolved alias[^\n]*: x; write the value out\.$/u,
  );
  assert.match(
    faultsOf(`vault: corp${target}\nsource: {kind: directory, path: !env FOO}`).join(),
    /^Unresolved tag: !env at line \d+/u,
  );
});

test('a user or password in a URL is refused, and never printed', () => {
  for (const url of [
    'https://u:hunter2@h',
    'http://u:hunter2@h',
    'https://:hunter2@h',
    'https://hunter2@h',
    'u:hunter2@h',
    'https//u:hunter2@h',
  ]) {
    const faults = faultsOf(
      `vault: corp${target}\nsource: {kind: vault, url: '${url}', linesOfBusiness: [{name: a, mount: b, tokenFile: c}]}`,
    );
    assert.equal(faults.length, 1, url);
    assert.match(faults[0] ?? '', /^source\.url: must be an https:.*without a user or password/u);
    assert.doesNotMatch(faults[0] ?? '', /hunter2/u);
  }
});

test('names that no branch, account or mount can have are refused', () => {
  for (const branch of ['/x', 'x/', 'x//y', 'x/../y', "'..'", "'x/ /y'"])
    assert.match(faultsOf(withBranch(branch)).join(), /^branch: .* must be names with a slash/u, branch);
  assert.deepEqual(faultsOf(withBranch('data/team one')), []);
  const colon = faultsOf(withBranch('root').replace('account: demo', "account: 'a:b'"));
  assert.deepEqual(colon, ['target.account: "a:b" must not have a colon.']);
  assert.match(
    faultsOf(vaultOf('mount: /kv/, tokenFile: c')).join(),
    /^source\.linesOfBusiness\[0\]\.mount: "\/kv\/" must be names/u,
  );
  assert.deepEqual(faultsOf(vaultOf('mount: team/kv, tokenFile: c')), []);
});

test('two ways to log in to Vault are one too many', () => {
  for (const more of ['roleId: r', 'secretIdFile: s', 'appRoleMount: m', 'roleId: r, secretIdFile: s'])
    assert.deepEqual(faultsOf(vaultOf(`mount: kv, tokenFile: c, ${more}`)), [
      'source.linesOfBusiness[0].tokenFile: name either a token, or roleId and secretIdFile.',
    ]);
});

test('a time out of its range is told with the range, and a file that is no mapping as that', () => {
  const faults = faultsOf(
    `vault: corp${target}\nsource: {kind: directory, path: d}\nevery: 500ms\nelection: {lease: 2h}`,
  );
  assert.deepEqual(faults, [
    'every: "500ms" must be a time between 1s and 1d, like 500ms, 5s, 15m, 2h or 7d.',
    'election.lease: "2h" must be a time between 10s and 10m, like 500ms, 5s, 15m, 2h or 7d.',
  ]);
  for (const text of ['a text', '- a list'])
    assert.deepEqual(faultsOf(text), ['The file must be a mapping of names and values.'], text);
});
