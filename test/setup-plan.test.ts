import assert from 'node:assert/strict';
import { test } from 'node:test';
import { debianMirrors } from '../scripts/apt-sources.mjs';
import {
  type Facts,
  type Finding,
  modulesAreCurrent,
  planSetup,
  readVersion,
  tools,
} from '../scripts/setup-plan.mjs';

const complete: readonly (readonly [string, Finding])[] = tools.map((tool) => [
  tool.name,
  { missing: [], version: tool.version?.from ?? null },
]);

function machine(changes: Partial<Facts> = {}, without: readonly string[] = []): Facts {
  const found = complete.map(([name, finding]): [string, Finding] => {
    const tool = tools.find((one) => one.name === name);
    const missing = tool?.binaries.filter((binary) => without.includes(binary)) ?? [];
    return [name, missing.length === 0 ? finding : { missing, version: null }];
  });
  return {
    modulesCurrent: true,
    tools: new Map(found),
    isRoot: true,
    hasApt: true,
    postgresqlCommonInstalled: false,
    startPolicy: 'absent',
    consul: 'here',
    ...changes,
  };
}

function withVersion(binary: string, version: readonly [number, number]): Facts {
  const facts = machine();
  const tool = tools.find(({ binaries }) => binaries.includes(binary));
  assert.ok(tool);
  return { ...facts, tools: new Map([...facts.tools, [tool.name, { missing: [], version }]]) };
}

test('does nothing on a machine that has everything', () => {
  assert.deepEqual(planSetup(machine()), { steps: [], refusal: [] });
  assert.deepEqual(planSetup(machine({ isRoot: false, hasApt: false })), { steps: [], refusal: [] });
});

test('installs npm packages alone without root', () => {
  const { steps } = planSetup(machine({ modulesCurrent: false, isRoot: false }));
  assert.deepEqual(steps, [{ kind: 'modules' }]);
});

test('installs exactly the packages whose programs are missing, starting nothing', () => {
  const { steps } = planSetup(machine({}, ['etcdctl', 'postgres']));
  assert.deepEqual(steps, [
    {
      kind: 'packages',
      packages: ['postgresql', 'postgresql-client', 'etcd-client'],
      withoutMainCluster: true,
      writePolicy: true,
    },
  ]);
});

test('installs rsyslog also where only its TLS is missing', () => {
  const facts = machine();
  const tool = tools.find(({ binaries }) => binaries.includes('rsyslogd'));
  assert.ok(tool?.libraries !== undefined);
  const lacking = { missing: tool.libraries, version: null };
  const { steps } = planSetup({ ...facts, tools: new Map([...facts.tools, [tool.name, lacking]]) });
  assert.ok(steps[0]?.kind === 'packages');
  assert.deepEqual(steps[0].packages, ['rsyslog', 'rsyslog-gnutls']);
});

test("leaves an administrator's PostgreSQL settings and start policy alone", () => {
  const [step] = planSetup(
    machine({ postgresqlCommonInstalled: true, startPolicy: 'refuses' }, ['postgres']),
  ).steps;
  assert.ok(step?.kind === 'packages');
  assert.equal(step.withoutMainCluster, false);
  assert.equal(step.writePolicy, false);
});

test('says what to install where it may not install, and touches nothing', () => {
  const cases: readonly (readonly [Partial<Facts>, RegExp])[] = [
    [{ isRoot: false }, /HAProxy 2\.6 or newer.*apt-get install haproxy/u],
    [{ hasApt: false }, /no apt-get.*haproxy/u],
    [{ startPolicy: 'allows' }, /policy-rc\.d.*apt-get install haproxy/u],
  ];
  for (const [changes, sentence] of cases) {
    const plan = planSetup(machine({ ...changes, modulesCurrent: false }, ['haproxy']));
    assert.deepEqual(plan.steps, []);
    assert.match(plan.refusal.join(), sentence);
  }
});

test('refuses versions out of the supported range, and takes those in it', () => {
  for (const [binary, version] of [
    ['etcd', [3, 3]],
    ['etcd', [3, 7]],
    ['haproxy', [2, 4]],
    ['openssl', [1, 1]],
  ] as const) {
    assert.match(
      planSetup(withVersion(binary, version)).refusal.join(),
      new RegExp(`${binary} ${version.join('.')}`, 'u'),
    );
  }
  for (const [binary, version] of [
    ['etcd', [3, 6]],
    ['haproxy', [3, 2]],
    ['openssl', [3, 5]],
  ] as const) {
    assert.deepEqual(planSetup(withVersion(binary, version)).refusal, []);
  }
});

test('brings Consul without root, unless nobody wants it or one is named', () => {
  assert.deepEqual(planSetup(machine({ consul: 'absent', isRoot: false })).steps, [{ kind: 'consul' }]);
  assert.deepEqual(planSetup(machine({ consul: 'unwanted', hasApt: false })), { steps: [], refusal: [] });
  assert.match(planSetup(machine({ consul: 'absent', hasApt: false })).refusal.join(), /set CONSUL_BIN/u);
  assert.match(planSetup(machine({ consul: 'misnamed' })).refusal.join(), /CONSUL_BIN is set, but names no/u);
});

test("finds Debian's mirror in apt's sources of either format", () => {
  const stanzas = [
    '# a comment',
    'Types: deb deb-src',
    'URIs: http://mirror.test/debian',
    'Suites: bookworm bookworm-updates',
    'Components: main',
    ' contrib',
    'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
    '',
    'Types: deb',
    'URIs: http://off.test/debian',
    'Suites: bookworm',
    'Components: main',
    'Enabled: no',
  ].join('\n');
  const files = [
    { name: 'sources.list', text: '# deb http://old.test/debian bookworm main\n' },
    {
      name: 'vendor.list',
      text: 'deb [arch=amd64 signed-by=/k.gpg] https://vendor.test bookworm main # x\n',
    },
    { name: 'debian.sources', text: stanzas },
    {
      name: 'other.list',
      text: 'deb http://mirror.test/debian bookworm main\ndeb http://x.test/ bookworm stable',
    },
  ];
  assert.deepEqual(debianMirrors(files, 'bookworm'), ['http://mirror.test/debian', 'https://vendor.test']);
  assert.deepEqual(debianMirrors(files, 'trixie'), []);
});

test('reads the version out of what programs print', () => {
  assert.deepEqual(readVersion('etcd Version: 3.4.23\nGo Version: go1.19.8'), [3, 4]);
  assert.deepEqual(readVersion('HAProxy version 2.6.12-1+deb12u4 2026/10/17'), [2, 6]);
  assert.deepEqual(readVersion('OpenSSL 3.0.19 27 Jan 2026'), [3, 0]);
  assert.equal(readVersion(''), null);
});

test('sees whether node_modules is what the lockfile names, whatever the dates of the files', () => {
  const lock = (packages: object): string => JSON.stringify({ packages });
  const [one, other] = [
    { version: '1.0.0', integrity: 'a' },
    { version: '2.0.0', integrity: 'b' },
  ];
  const wanted = lock({ '': {}, 'node_modules/x': one, 'node_modules/y': { ...other, optional: true } });
  assert.equal(modulesAreCurrent(wanted, lock({ 'node_modules/x': one })), true);
  assert.equal(modulesAreCurrent(wanted, lock({ 'node_modules/x': one, 'node_modules/y': other })), true);
  assert.equal(modulesAreCurrent(wanted, null), false);
  assert.equal(modulesAreCurrent(wanted, '{"pack'), false, 'npm was interrupted');
  assert.equal(modulesAreCurrent(wanted, lock({})), false, 'one is missing');
  assert.equal(modulesAreCurrent(wanted, lock({ 'node_modules/x': other })), false, 'another version');
  assert.equal(
    modulesAreCurrent(wanted, lock({ 'node_modules/x': one, 'node_modules/z': one })),
    false,
    'one too many',
  );
});
