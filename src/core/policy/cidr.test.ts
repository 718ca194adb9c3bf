import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cidrContains, readCidr } from './cidr.ts';

test('prints ranges as PostgreSQL does', () => {
  for (const [text, cidr] of [
    ['10.0.0.1', '10.0.0.1/32'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['::', '::/128'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3/128'],
    ['::ffff:1.2.3.4', '::ffff:102:304/128'],
  ] as const) {
    assert.deepEqual(readCidr(text), { ok: true, cidr });
  }
});

test('hints at the range when bits stand right of the mask', () => {
  assert.deepEqual(readCidr('10.0.0.1/8'), {
    ok: false,
    message:
      "Invalid IP address or CIDR range '10.0.0.1/8': Value has bits set to right of mask. Did you mean '10.0.0.0/8'?",
  });
});

test('refuses what is no address', () => {
  for (const text of [
    '',
    'x',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/255.0.0.0',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '::/129',
    'g::',
    '10.0.0.0/8/8',
    '1:2:3:4:5:6:7::8:9',
  ]) {
    assert.deepEqual(
      readCidr(text),
      { ok: false, message: `Invalid IP address or CIDR range '${text}'` },
      text,
    );
  }
});

test('finds an address in its range only', () => {
  assert.ok(cidrContains('10.1.0.0/16', '10.1.255.255'));
  assert.ok(cidrContains('10.1.0.0/16', '::ffff:10.1.2.3'));
  assert.ok(cidrContains('2001:db8::/32', '2001:db8:1::1'));
  assert.ok(!cidrContains('10.1.0.0/16', '10.2.0.0'));
  assert.ok(!cidrContains('0.0.0.0/0', '::1'));
  assert.ok(!cidrContains('10.1.0.0/16', '10.1.0.0/24'));
  assert.ok(!cidrContains('nonsense', '10.1.0.0'));
});
