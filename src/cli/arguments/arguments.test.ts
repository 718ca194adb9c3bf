import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { loadBalancerAddress } from './load-balancer.ts';
import { nodeToCome } from './node-to-come.ts';
import { duration, wholeNumber } from './numbers.ts';
import { planPorts } from './ports.ts';
import { readSetting } from './setting.ts';

/** The refusal names the option. */
function refuses(field: string, read: () => unknown): void {
  assert.throws(read, (error) => isProblem(error, 'usage') && error.detail.startsWith(`${field}: `));
}

test('times are read in every unit, and a bare number counts seconds', () => {
  const read = duration('--ttl', 1, 10 * 86_400_000);
  const given = ['500ms', '5s', '5', '1.5s', '15m', '2h', '7d'];
  assert.deepEqual(given.map(read), [500, 5000, 5000, 1500, 900_000, 7_200_000, 604_800_000]);
});

test('what is no time, or too short or long, is refused by its option', () => {
  const read = duration('--ttl', 2000, 300_000);
  for (const text of ['', '5x', '-5s', '1s', '6m', '5 s', '1e3', 'NaN']) refuses('--ttl', () => read(text));
});

test('numbers are whole, in range, and nothing else', () => {
  const read = wholeNumber('--ports', 1, 65_529);
  assert.equal(read('8400'), 8400);
  for (const text of ['', '0', '65530', '8400.5', '0x20', ' 1', '1e3']) refuses('--ports', () => read(text));
});

test('a load balancer is a host and three ports, or four', () => {
  const read = loadBalancerAddress('--load-balancer');
  assert.deepEqual(read('vault.example.com:443:5432:5433'), {
    host: 'vault.example.com',
    api: 443,
    data: 5432,
    audit: 5433,
  });
  assert.equal(read('[fd00::1]:443:5432:5433').host, 'fd00::1');
  assert.equal(read('vault:443:5432:5433:8444').peer, 8444);
  for (const text of [
    '',
    'vault',
    'vault:443',
    'vault:443:5432',
    'fd00::1:443:5432:5433',
    'v:0:1:2',
    'v:1:2:70000',
    'v:1:2:3:4:5',
  ]) {
    refuses('--load-balancer', () => read(text));
  }
});

test('ports follow the base unless one is put elsewhere', () => {
  assert.deepEqual(planPorts({ ports: 8400, dataPort: 5432 }), {
    api: 8400,
    peer: 8401,
    data: 5432,
    audit: 8403,
    etcdClient: 8404,
    etcdPeer: 8405,
    agent: 8406,
  });
});

test('a node that is still to come has the ports of its base', () => {
  const { name, kind, addresses } = nodeToCome('--also')('n2:follower:10.0.0.2:8500');
  assert.deepEqual([name, kind, addresses.host, addresses.audit], ['n2', 'follower', '10.0.0.2', 8503]);
  for (const text of ['n2', 'n2:master:h:1', 'n2:standby:h', 'n2:standby:h:x'])
    refuses('--also', () => nodeToCome('--also')(text));
});

test('settings are read by their names', () => {
  assert.deepEqual(readSetting('ttl', '10s'), { ttlMs: 10_000 });
  assert.deepEqual(readSetting('auto-rejoin', 'off'), { autoRejoin: false });
  refuses('setting', () => readSetting('tll', '10s'));
  refuses('setting', () => readSetting('constructor', 'x'));
  refuses('strict', () => readSetting('strict', 'yes'));
});
