import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { Secret } from '../core/secret.ts';
import { matchesRecord, mintToken, parseToken } from './join-token.ts';

const expiresAtMs = Date.UTC(2026, 10, 20, 12);
const order = { cluster: 'prod', kind: 'standby', caFingerprint: 'ab'.repeat(32), expiresAtMs } as const;

function faultOf(text: string): string {
  try {
    parseToken(text);
  } catch (error) {
    assert.ok(isProblem(error, 'token_invalid'));
    return error.detail;
  }
  return 'none';
}

test('reads back what was minted, white space around it aside', () => {
  const { text, record } = mintToken(order);
  const token = parseToken(`  ${text.reveal()}\n`);
  const { secret, ...rest } = token;
  assert.match(text.reveal(), /^hf1_[\w-]+$/u);
  assert.deepEqual(rest, {
    id: record.id,
    cluster: 'prod',
    kind: 'standby',
    caFingerprint: 'ab'.repeat(32),
    expiresAtMs,
  });
  assert.ok(secret.reveal().length >= 43);
  assert.equal(matchesRecord(token, record, expiresAtMs - 1), 'ok');
});

test('recognises a paste that was cut short, wherever', () => {
  const text = mintToken(order).text.reveal();
  for (let length = 'hf1_'.length; length < text.length; length++) {
    assert.match(faultOf(text.slice(0, length)), /incomplete/u, `the first ${length} characters`);
  }
});

test('recognises altered, wrapped and padded text', () => {
  const text = mintToken(order).text.reveal();
  const other = text[40] === 'A' ? 'B' : 'A';
  for (const bad of [
    text.slice(0, 40) + other + text.slice(41),
    `${text.slice(0, 50)}\n${text.slice(50)}`,
    `${text}AAAA`,
    `${text}=`,
  ]) {
    assert.match(faultOf(bad), /incomplete or was altered/u);
  }
});

test('says so when the text is no token, or one of another version', () => {
  assert.match(faultOf('hunter2'), /does not begin with "hf1_"/u);
  assert.match(faultOf('hf2_abc'), /another version/u);
  assert.match(faultOf(`hf1_${'A'.repeat(5_000)}`), /incomplete/u);
});

test('knows a used, an expired, a foreign token and one of the wrong kind', () => {
  const { text, record } = mintToken(order);
  const other = mintToken(order);
  const token = parseToken(text.reveal());
  const now = expiresAtMs - 1;
  assert.equal(matchesRecord(token, null, now), 'unknown');
  assert.equal(matchesRecord(token, { ...other.record, id: record.id }, now), 'unknown');
  assert.equal(matchesRecord(token, { ...record, secretHash: '' }, now), 'unknown');
  assert.equal(matchesRecord(token, { ...record, cluster: 'test' }, now), 'unknown');
  assert.equal(matchesRecord(token, record, expiresAtMs), 'expired');
  assert.equal(matchesRecord(token, { ...record, usedBy: 'n2' }, now), 'used');
  assert.equal(matchesRecord({ ...token, kind: 'follower' }, record, now), 'wrong kind');
});

test('the date of the record counts, not the one in the token', () => {
  const { text, record } = mintToken(order);
  const token = { ...parseToken(text.reveal()), expiresAtMs: expiresAtMs + 1e9 };
  assert.equal(matchesRecord(token, record, expiresAtMs), 'expired');
});

test('neither the record nor a printed token tells the secret', () => {
  const { text, record } = mintToken(order);
  const token = parseToken(text.reveal());
  const printed = [
    JSON.stringify({ text, record, token }),
    inspect({ text, record, token }, { depth: 9 }),
  ].join();
  assert.ok(!printed.includes(token.secret.reveal()));
  assert.ok(!printed.includes(text.reveal()));
  assert.equal(matchesRecord({ ...token, secret: new Secret(record.secretHash) }, record, 0), 'unknown');
});
