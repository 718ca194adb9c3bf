import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readPolicy } from '../../policy/read.ts';
import { fencedPolicy, publishedPolicy } from './policy-text.ts';

describe('the policies of an election', () => {
  for (const [name, text] of [
    ['fenced', fencedPolicy()],
    ['published', publishedPolicy()],
  ] as const) {
    it(`${name}: a server can read it`, () => {
      const reading = readPolicy(text);
      assert.ok(reading.ok, JSON.stringify(reading));
      assert.equal(reading.statements.length, 1);
    });
  }

  it('members may write the expiration under the published policy, and not under the fenced one', () => {
    const members = /role: !group members\s+privileges: \[ ([a-z, ]+) \]/u;
    assert.equal(members.exec(publishedPolicy())?.[1], 'read, execute, update');
    assert.equal(members.exec(fencedPolicy())?.[1], 'read, execute');
  });
});
