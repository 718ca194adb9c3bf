import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { createLogger } from '../runtime/log.ts';
import {
  dynamicConfiguration,
  hostBasedAuthentication,
  identityMaps,
  staticConfiguration,
} from './configuration.ts';
import { replicationConninfo } from './conninfo.ts';
import { parseControlData } from './control-data.ts';
import { requireRoom } from './disk-space.ts';
import type { InstanceSettings } from './settings.ts';
import { slotName } from './slots.ts';
import { placeholderName } from '../core/failover/eligibility.ts';
import { parseSynchronousNames, synchronousNamesValue } from './synchronous-names.ts';

const settings: InstanceSettings = {
  name: 'audit',
  clusterName: 'prod',
  nodeName: 'n-1',
  dir: '/var/lib/holdfast/audit',
  port: 5433,
  listenHost: '10.0.0.1',
  socketDir: '/run/holdfast',
  binDir: '/nowhere',
  runAs: null,
  tls: { caFile: '/tls/ca.pem', certFile: "/tls/it's.pem", keyFile: '/tls/key.pem' },
  log: createLogger({ name: 'test', level: 'fatal' }),
};

test('requires exactly the names given, and nobody else', () => {
  assert.equal(synchronousNamesValue([]), '');
  assert.equal(synchronousNamesValue(['b']), 'FIRST 1 ("b")');
  assert.equal(synchronousNamesValue([placeholderName, 'b']), `FIRST 2 ("${placeholderName}", "b")`);
  assert.deepEqual(parseSynchronousNames(synchronousNamesValue([placeholderName, 'b.c'])), [
    placeholderName,
    'b.c',
  ]);
  for (const names of [['*'], ['a"b'], [''], ['a', 'A'], ['a/b'], ['ä']]) {
    assert.throws(
      () => synchronousNamesValue(names),
      (error) => isProblem(error, 'config_invalid'),
    );
  }
});

test('a caller changes sizes, not what failover rests on', () => {
  const text = staticConfiguration(
    { ...settings, parameters: { shared_buffers: '1GB', restart_after_crash: 'on', fsync: 'off' } },
    15,
  );
  assert.match(text, /^shared_buffers = '1GB'$/m);
  assert.match(text, /^restart_after_crash = 'off'$/m);
  assert.match(text, /^fsync = 'on'$/m);
  assert.match(text, /^ssl_cert_file = '\/tls\/it''s.pem'$/m);
  assert.doesNotMatch(text, /allow_alter_system/);
  assert.match(staticConfiguration(settings, 17), /^allow_alter_system = 'off'$/m);
});

test('other nodes come in by certificate only', () => {
  const lines = hostBasedAuthentication()
    .split('\n')
    .filter((line) => line.startsWith('host'));
  for (const line of lines.filter((entry) => !entry.endsWith('reject'))) {
    assert.match(line, /^hostssl \w+ holdfast_(replication|rewind) all cert map=holdfast_node$/);
  }
  assert.deepEqual(identityMaps(['root', 'root']).match(/holdfast_local.*/g), [
    'holdfast_local "root" holdfast',
    'holdfast_local "root" holdfast_api',
  ]);
});

test('a connection string checks the name while it goes to the address', () => {
  const conninfo = replicationConninfo(settings, { certificateName: 'n-2', address: '10.0.0.2', port: 5433 });
  assert.match(conninfo, /^host=n-2 hostaddr=10\.0\.0\.2 port=5433 /);
  assert.match(conninfo, /application_name=n-1 sslmode=verify-full/);
  assert.ok(conninfo.includes(String.raw`sslcert='/tls/it\'s.pem'`));
  const named = replicationConninfo(settings, { certificateName: 'x', address: 'lb.example', port: 1 });
  assert.match(named, /^host=lb\.example port=1 /);
  const file = dynamicConfiguration({
    primaryConninfo: conninfo,
    primarySlotName: 's',
    synchronousStandbyNames: '',
  });
  assert.ok(file.includes(String.raw`sslcert=''/tls/it\\''s.pem''`));
});

test('two nodes never share a slot name', () => {
  assert.equal(slotName('n1'), 'holdfast_n1');
  assert.equal(new Set(['a-b', 'a_b', 'a.b'].map(slotName)).size, 3);
  assert.match(slotName('x-'.repeat(60)), /^[a-z0-9_]{1,63}$/);
  assert.notEqual(slotName(`${'x'.repeat(80)}1`), slotName(`${'x'.repeat(80)}2`));
});

test('reads a control file report, and nothing from a damaged one', () => {
  const report = `Database system identifier:           7654321098765432109
Database cluster state:               in archive recovery
Latest checkpoint location:           1/3000060
Latest checkpoint's TimeLineID:       3
Minimum recovery ending location:     1/40000A0
Min recovery ending loc's timeline:   4
`;
  assert.deepEqual(parseControlData(report), {
    systemIdentifier: '7654321098765432109',
    clusterState: 'in archive recovery',
    timeline: 3,
    checkpointLsn: 0x103000060n,
    minRecoveryEnd: { timeline: 4, lsn: 0x1040000a0n },
  });
  assert.equal(
    parseControlData(`WARNING: Calculated CRC checksum does not match value stored in file.\n${report}`),
    null,
  );
  assert.equal(parseControlData('pg_controldata: error'), null);
});

test('a copy that does not fit is refused before it begins', async () => {
  await assert.rejects(
    requireRoom('/tmp', 1e18),
    (error) => isProblem(error, 'disk_full') && /MB are free/.test(error.detail),
  );
  await requireRoom('/tmp', 0);
});
