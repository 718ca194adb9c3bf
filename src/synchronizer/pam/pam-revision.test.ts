import assert from 'node:assert/strict';
import { test } from 'node:test';
import { revisionOf } from './pam-revision.ts';
import type { PamAccount } from './pam-shapes.ts';

const seconds = 1_700_000_000;
const account: PamAccount = {
  id: '1_1',
  name: 'db',
  safeName: 's',
  userName: 'root',
  address: null,
  platformId: null,
  platformAccountProperties: new Map(),
  lastModified: String(seconds),
  categoryModified: '5',
};
const fields = new Map([['username', 'root']]);
const laterMs = (seconds + 5) * 1000;
const revision = (more: Partial<PamAccount>, shown = fields, atMs = laterMs): string | null =>
  revisionOf({ ...account, ...more }, shown, atMs);

test('a revision stays with what the list shows, and shows none of it', () => {
  assert.equal(revision({}), revision({}, new Map(fields), laterMs + 1e9));
  assert.match(revision({}) ?? '', /^1700000000\/[\w-]{22}$/u);
});

test('each thing that the list shows changes it', () => {
  const all = [
    revision({}),
    revision({ lastModified: String(seconds - 1) }),
    revision({ categoryModified: '6' }),
    revision({ name: 'db2' }),
    revision({}, new Map([['username', 'other']])),
    revision({}, new Map([['address', 'root']])),
  ];
  assert.equal(new Set(all).size, all.length);
});

test('without a time of the value there is none, whatever else has a time', () => {
  assert.deepEqual([revision({ lastModified: null }), revision({ lastModified: 'yesterday' })], [null, null]);
});

test('a time younger than five seconds is not trusted, in seconds, milliseconds or as a date', () => {
  const ms = seconds * 1000;
  for (const lastModified of [String(seconds), String(ms), new Date(ms).toISOString()]) {
    assert.equal(revision({ lastModified }, fields, ms + 4999), null);
    assert.notEqual(revision({ lastModified }, fields, ms + 5000), null);
    assert.equal(revision({ lastModified }, fields, ms - 1), null);
  }
});
