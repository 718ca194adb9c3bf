import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markChange, wantedTags } from './tags.ts';

const labels = { primary: 'primary', replica: 'replica' };
const quiet = { primary: 'primary', replica: null };

test('only our own labels change, the others keep their order', () => {
  const tags = ['a', 'replica', 'b'];
  assert.deepEqual(wantedTags(tags, labels, { role: 'primary', sessionId: null }), ['a', 'b', 'primary']);
  assert.deepEqual(wantedTags(['primary', 'a'], labels, { role: 'replica', sessionId: null }), [
    'a',
    'replica',
  ]);
  assert.deepEqual(wantedTags(['primary', 'a', 'replica'], labels, { role: 'none', sessionId: null }), ['a']);
});

test('without a label for replicas nothing is added for them', () => {
  assert.deepEqual(wantedTags(['a', 'primary'], quiet, { role: 'replica', sessionId: null }), ['a']);
});

test('an entry that is as wanted is not written', () => {
  const view = { tags: ['primary', 'a'], meta: { session: 's', other: 'o' } };
  assert.equal(markChange(view, labels, { role: 'primary', sessionId: 's' }), null);
  assert.equal(markChange(view, labels, { role: 'primary', sessionId: null }), null);
});

test('the session is noted beside what others noted', () => {
  const view = { tags: ['a'], meta: { other: 'o' } };
  assert.deepEqual(markChange(view, quiet, { role: 'replica', sessionId: 's' }), {
    tags: ['a'],
    meta: { other: 'o', session: 's' },
  });
});
