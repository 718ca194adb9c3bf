import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMachine } from './netrc.ts';

const name = 'https://vault.test/authn';
const alice = { login: 'alice', password: 'k3y' };

test('finds login and password wherever line breaks, comments and other entries stand', () => {
  for (const text of [
    `machine ${name} login alice password k3y`,
    `machine ${name}\n\tlogin alice\n\tpassword k3y\n`,
    `machine ${name}\r\n  password k3y\r\n  login alice\r\n`,
    `# machine ${name} login eve password x\nmachine ${name} login alice # me\n password k3y\nmachine b login c password d`,
    `machine ${name}2 login eve password x\nmachine ${name} login alice account a password k3y\ndefault login z password z`,
    `macdef init\nmachine ${name} login eve password x\n\nmachine ${name} login alice password k3y`,
  ]) {
    assert.deepEqual(findMachine(text, name), alice, text);
  }
});

test('finds nothing where there is no entry, or half a one', () => {
  for (const text of [
    '',
    'machine',
    `machine ${name}`,
    `machine ${name} login alice`,
    `machine ${name} login alice machine b password x`,
    'default login a password b',
  ]) {
    assert.equal(findMachine(text, name), null, text);
  }
});
