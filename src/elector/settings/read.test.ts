import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { readDuration, readSeconds } from './duration.ts';
import { readSettingsFile } from './file.ts';
import { readSettings, type Sources } from './read.ts';
import { rowOf, type Sayings, settingNames } from './table.ts';

const nothing: Sources = { env: {}, flags: {}, file: null };

function fromEnv(env: Sources['env']): ReturnType<typeof readSettings> {
  return readSettings({ ...nothing, env });
}

function faults(sources: Partial<Sources>): readonly string[] {
  try {
    readSettings({ ...nothing, ...sources });
  } catch (error) {
    assert.ok(isProblem(error, 'config_invalid'), String(error));
    return error.detail.split('\n');
  }
  return [];
}

describe('settings', () => {
  it('without anything are those of the shell sidecar', () => {
    const { connection, elections, logLevel, http, warnings } = fromEnv({});
    assert.equal(connection.address, 'http://localhost:8500');
    assert.deepEqual([logLevel, http, warnings], ['warn', null, []]);
    assert.deepEqual(elections, [
      {
        serviceName: 'consul-leader',
        key: '/consul-leader/lock',
        labels: { primary: 'primary', replica: null },
        ttlMs: 15_000,
        renewEveryMs: 10_000,
        lockDelayMs: 0,
        service: { id: null, allocId: null, name: 'consul-leader', port: null },
        markerFile: null,
        heedsHealth: true,
        sessionChecks: { node: false, service: false },
        onElected: null,
        onDeposed: null,
        exec: null,
        taskStopMs: 0,
      },
    ]);
  });

  it('take every variable of the shell sidecar', () => {
    const { connection, elections, logLevel } = fromEnv({
      CONSUL_HTTP_ADDR: 'http://consul:1',
      CONSUL_LEADER_SERVICE_NAME: 'web',
      CONSUL_LEADER_PRIMARY_LABEL: 'master',
      CONSUL_LEADER_REPLICA_LABEL: 'slave',
      CONSUL_LEADER_TTL: '1m0s',
      CONSUL_LEADER_SLEEP: '20',
      CONSUL_LEADER_LOCKDELAY: '5s',
      CONSUL_LEADER_LOG_LEVEL: 'info',
      NOMAD_ALLOC_ID: 'abc',
      NOMAD_ALLOC_DIR: '/alloc',
    });
    const [web] = elections;
    assert.deepEqual(
      [
        connection.address,
        logLevel,
        web?.key,
        web?.labels,
        web?.ttlMs,
        web?.renewEveryMs,
        web?.lockDelayMs,
        web?.markerFile,
      ],
      [
        'http://consul:1',
        'info',
        '/consul-leader/web/lock',
        { primary: 'master', replica: 'slave' },
        60_000,
        20_000,
        5000,
        '/alloc/abc',
      ],
    );
  });

  it('take a key with and without its leading slash', () => {
    assert.equal(fromEnv({ CONSUL_LEADER_KEY: '/a/b' }).elections[0]?.key, '/a/b');
    assert.equal(fromEnv({ CONSUL_LEADER_KEY: 'a/b' }).elections[0]?.key, '/a/b');
  });

  it('hide the secrets of the environment', () => {
    const settings = fromEnv({ CONSUL_HTTP_TOKEN: 'hush', CONSUL_HTTP_AUTH: 'me:hush' });
    assert.ok(!JSON.stringify(settings).includes('hush'));
    assert.equal(settings.connection.token?.reveal(), 'hush');
  });

  it('of a flag count before those of an election, of a file, of the environment', () => {
    const file = {
      shared: { ttl: '20s', sleep: '3' },
      elections: [{ serviceName: 'a', ttl: '30s' }, { serviceName: 'b' }],
    };
    const env = { CONSUL_LEADER_TTL: '40s', CONSUL_LEADER_SLEEP: '4', CONSUL_LEADER_LOCKDELAY: '5s' };
    const times = (flags: Sayings): unknown =>
      readSettings({ env, file, flags }).elections.map((each) => [
        each.ttlMs,
        each.renewEveryMs,
        each.lockDelayMs,
      ]);
    assert.deepEqual(times({}), [
      [30_000, 3000, 5000],
      [20_000, 3000, 5000],
    ]);
    assert.deepEqual(times({ ttl: '60s' }), [
      [60_000, 3000, 5000],
      [60_000, 3000, 5000],
    ]);
  });

  it('below the floor of Consul are told, not refused', () => {
    const { warnings } = fromEnv({ CONSUL_LEADER_TTL: '2s', CONSUL_LEADER_SLEEP: '0.5' });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^CONSUL_LEADER_TTL: 2 s is outside of the 10 s to 24 h/u);
  });

  it('that free the lock by checks warn of a lock-delay that is too short', () => {
    assert.match(
      fromEnv({ CONSUL_LEADER_SESSION_CHECKS: 'node' }).warnings[0] ?? '',
      /lock-delay of the TTL/u,
    );
    const safe = { CONSUL_LEADER_SESSION_CHECKS: 'node,service', CONSUL_LEADER_LOCKDELAY: '15s' };
    assert.deepEqual(fromEnv(safe).warnings, []);
  });
});

describe('one clear line tells of', () => {
  for (const [what, env, says] of [
    ['a TTL that is none', { CONSUL_LEADER_TTL: 'soon' }, /^CONSUL_LEADER_TTL: "soon" is no duration/u],
    [
      'a TTL of nothing',
      { CONSUL_LEADER_TTL: '0s' },
      /^CONSUL_LEADER_TTL: a session without a TTL would never end/u,
    ],
    ['a token with a line end', { CONSUL_HTTP_TOKEN: 'hush\n' }, /^CONSUL_HTTP_TOKEN: it has a line end/u],
    ['a TTL without a unit', { CONSUL_LEADER_TTL: '15' }, /^CONSUL_LEADER_TTL: "15" is no duration/u],
    [
      'a sleep not below the TTL',
      { CONSUL_LEADER_SLEEP: '15' },
      /^CONSUL_LEADER_SLEEP: 15 s is not below the TTL of 15 s/u,
    ],
    ['a sleep that is none', { CONSUL_LEADER_SLEEP: '-1' }, /^CONSUL_LEADER_SLEEP: "-1" is no time/u],
    [
      'a label with a line end',
      { CONSUL_LEADER_PRIMARY_LABEL: 'the\nleader' },
      /^CONSUL_LEADER_PRIMARY_LABEL: "the/u,
    ],
    [
      'a label of spaces',
      { CONSUL_LEADER_REPLICA_LABEL: ' ' },
      /^CONSUL_LEADER_REPLICA_LABEL: " " is no label/u,
    ],
    [
      'two labels that are the same',
      { CONSUL_LEADER_REPLICA_LABEL: 'primary' },
      /^CONSUL_LEADER_REPLICA_LABEL: it is the label of the primary/u,
    ],
    [
      'a key with an empty part',
      { CONSUL_LEADER_KEY: '/a//lock' },
      /^CONSUL_LEADER_KEY: "\/a\/\/lock" has a part that is empty/u,
    ],
    [
      'a key that climbs',
      { CONSUL_LEADER_KEY: 'a/../lock' },
      /^CONSUL_LEADER_KEY: "a\/..\/lock" has a part of dots/u,
    ],
    [
      'a name that makes no key',
      { CONSUL_LEADER_SERVICE_NAME: '..' },
      /^CONSUL_LEADER_SERVICE_NAME: .* part of dots/u,
    ],
    ['a key without a slash', { CONSUL_LEADER_KEY: 'lock' }, /^CONSUL_LEADER_KEY: "lock" has no slash/u],
    [
      'an unknown log level',
      { CONSUL_LEADER_LOG_LEVEL: 'loud' },
      /^CONSUL_LEADER_LOG_LEVEL: "loud" is not one of debug, info, warn, error/u,
    ],
    [
      'an address that is none',
      { CONSUL_HTTP_ADDR: 'ftp://x' },
      /^CONSUL_HTTP_ADDR: "ftp:\/\/x" is no address/u,
    ],
    ['a certificate without its key', { CONSUL_CLIENT_CERT: 'c.pem' }, /CONSUL_CLIENT_KEY belong together/u],
    [
      'a port that is none',
      { CONSUL_LEADER_SERVICE_PORT: 'http' },
      /^CONSUL_LEADER_SERVICE_PORT: "http" is no port/u,
    ],
    [
      'a place to listen that is none',
      { CONSUL_LEADER_HTTP: '8080' },
      /^CONSUL_LEADER_HTTP: "8080" is no HOST:PORT/u,
    ],
    [
      'checks that nobody knows',
      { CONSUL_LEADER_SESSION_CHECKS: 'all' },
      /^CONSUL_LEADER_SESSION_CHECKS: "all" is not none, node, service/u,
    ],
  ] as const) {
    it(what, () => {
      const told = faults({ env });
      assert.equal(told.length, 1, told.join('; '));
      assert.match(told[0] ?? '', says);
    });
  }

  it('each fault, all at once, by the name under which it was set', () => {
    const told = faults({ env: { CONSUL_LEADER_KEY: 'lock' }, flags: { logLevel: 'loud' } });
    assert.deepEqual(
      told.map((line) => line.split(':')[0]),
      ['CONSUL_LEADER_KEY', '--log-level'],
    );
  });

  it('two elections that mark one service', () => {
    const file = { shared: {}, elections: [{ key: 'a/1' }, { key: 'a/2' }] };
    assert.match(
      faults({ file })[0] ?? '',
      /^elections: "consul-leader" \(\/a\/1\) and .* \(\/a\/2\) mark the same service entry/u,
    );
  });

  it('two elections that mark one entry by its id, whatever else they say of it', () => {
    const one = { serviceId: 'web-1', primaryLabel: 'primary' };
    const file = {
      shared: {},
      elections: [
        { ...one, serviceName: 'web' },
        { ...one, serviceName: 'batch', servicePort: '80', primaryLabel: 'batch' },
      ],
    };
    const told = faults({ file });
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /"web" .* and "batch" .* mark the same service entry/u);
  });

  it('nothing of two elections whose entries may be others', () => {
    const file = {
      shared: {},
      elections: [{ serviceId: 'web-1' }, { serviceName: 'web', servicePort: '80' }],
    };
    assert.deepEqual(faults({ file }), []);
  });

  it('nothing of a sleep below the TTL, which may be shortened', () => {
    const { elections, warnings } = fromEnv({ CONSUL_LEADER_TTL: '11s', CONSUL_LEADER_SLEEP: '10' });
    assert.equal(elections[0]?.renewEveryMs, 7840);
    assert.match(warnings[0] ?? '', /too near to the TTL .* renewed each 7.84 s/u);
  });

  it('nothing of what Consul takes', () => {
    const label = 'traefik.http.routers.web.rule=Host(`a`) && Path(`/b`)';
    const { elections, logLevel } = fromEnv({
      CONSUL_LEADER_PRIMARY_LABEL: label,
      CONSUL_LEADER_LOG_LEVEL: 'WARN',
    });
    assert.deepEqual([elections[0]?.labels.primary, logLevel], [label, 'warn']);
    assert.equal(fromEnv({ CONSUL_LEADER_TTL: '15000000us' }).elections[0]?.ttlMs, 15_000);
  });

  it('a fault of what all elections share once', () => {
    const file = { shared: { ttl: 'soon' }, elections: [{ serviceName: 'a' }, { serviceName: 'b' }] };
    assert.equal(faults({ file }).length, 1, faults({ file }).join('; '));
  });

  it('two elections with one key', () => {
    const file = { shared: {}, elections: [{ serviceName: 'a' }, { serviceName: 'a' }] };
    assert.match(faults({ file })[0] ?? '', /two of them have the key \/consul-leader\/a\/lock/u);
  });
});

describe('a file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'hf-settings-'));
  after(() => rmSync(dir, { recursive: true }));
  const write = (text: string): string => {
    const file = join(dir, 'settings');
    writeFileSync(file, text);
    return file;
  };
  const expected = { shared: { ttl: '20s', sleep: '5' }, elections: [{ serviceName: 'a' }] };

  it('is JSON or YAML', async () => {
    const json = '{"ttl":"20s","sleep":5,"elections":[{"serviceName":"a"}]}';
    assert.deepEqual(await readSettingsFile(write(json)), expected);
    const yaml = 'ttl: 20s\nsleep: 5\nelections:\n  - serviceName: a\n';
    assert.deepEqual(await readSettingsFile(write(yaml)), expected);
  });

  it('names things as the flags do', async () => {
    const file = write('{"consulAddr":"http://consul:8500","tlsServerName":"consul"}');
    const { shared } = await readSettingsFile(file);
    assert.deepEqual(shared, { consulAddress: 'http://consul:8500', serverName: 'consul' });
  });

  for (const [what, text, says] of [
    ['an unknown setting', 'tll: 20s', /there is no setting "tll"/u],
    ['a secret', 'token: hush', /"token" is secret: set CONSUL_HTTP_TOKEN/u],
    [
      'what belongs to all elections in one of them',
      'elections: [{ http: ":1" }]',
      /"http" is the same for all elections/u,
    ],
    ['a list where a text belongs', 'ttl: [1]', /"ttl" is no text/u],
    ['no settings', '- a', /it holds no settings/u],
    ['neither JSON nor YAML', '{ a: [', /--config/u],
  ] as const) {
    it(`is refused in one line with ${what}`, async () => {
      await assert.rejects(
        readSettingsFile(write(text)),
        (error) =>
          isProblem(error, 'config_invalid') && says.test(error.detail) && !error.detail.includes('\n'),
      );
    });
  }

  it('that is not there is told', async () => {
    await assert.rejects(readSettingsFile(join(dir, 'none')), (error) => isProblem(error, 'config_invalid'));
  });
});

describe('durations', () => {
  it('are read as Consul writes them', () => {
    const read = ['15s', '1m30s', '24h0m0s', '500ms', '1.5s', '0'].map(readDuration);
    assert.deepEqual(read, [15_000, 90_000, 86_400_000, 500, 1500, 0]);
  });

  it('are not made of anything else', () => {
    for (const text of ['', '15', 's', '-1s', '1d', '1s ', '15 s'])
      assert.equal(readDuration(text), null, text);
  });

  it('may be a plain count of seconds where the shell sidecar took one', () => {
    assert.deepEqual(['10', '0.5', '2s'].map(readSeconds), [10_000, 500, 2000]);
  });
});

it('every setting has a name of its own', () => {
  const names = settingNames.flatMap((name) => [rowOf(name).env, rowOf(name).flag ?? name]);
  assert.equal(new Set(names).size, names.length);
});
