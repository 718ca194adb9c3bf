import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../core/problem.ts';
import { signal } from '../testing/sources.ts';
import { keepToken } from './keep-token.ts';

/** What is asked of a Vault whose token has this life. */
async function askedWith(data: unknown, refused: RegExp = /^$/u): Promise<readonly string[]> {
  const asked: string[] = [];
  await keepToken(async ({ method, path }) => {
    asked.push(`${method} ${path.slice(path.lastIndexOf('/') + 1)}`);
    if (refused.test(path)) throw new Problem('source_forbidden', 'not permitted.');
    return { status: 200, json: { data }, atMs: 0 };
  }, signal);
  return asked;
}

const lookUp = 'GET lookup-self';
const renew = 'POST renew-self';

test('a token with less than half of its life left is renewed, and no other', async () => {
  for (const [data, renews] of [
    [{ ttl: 499, creation_ttl: 1000, renewable: true }, true],
    [{ ttl: 500, creation_ttl: 1000, renewable: true }, false],
    [{ ttl: 499, creation_ttl: 1000, renewable: false }, false],
    // A period is what each renewal gives, whatever the token had at first.
    [{ ttl: 400, creation_ttl: 10, period: 1000, renewable: true }, true],
    // One without an end, such as that of root.
    [{ ttl: 0, creation_ttl: 0, renewable: false }, false],
    [{ ttl: 0, creation_ttl: 0, renewable: true }, false],
  ] as const)
    assert.deepEqual(await askedWith(data), renews ? [lookUp, renew] : [lookUp], JSON.stringify(data));
});

test('what is refused, or answered in another shape, is passed over', async () => {
  assert.deepEqual(await askedWith({}, /lookup/u), [lookUp]);
  assert.deepEqual(await askedWith({ ttl: 1, creation_ttl: 1000, renewable: true }, /renew/u), [
    lookUp,
    renew,
  ]);
  assert.deepEqual(await askedWith('nonsense'), [lookUp]);
});
