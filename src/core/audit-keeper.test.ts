import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keeperDuty } from './audit-keeper.ts';

describe('what a node has to do for its trail', () => {
  const ways = [{ host: 'n1', port: 1 }];
  const duty = (role: Parameters<typeof keeperDuty>[0], members: number, settled = true) =>
    keeperDuty(role, { settled, ways, term: 7, members });

  it('is the carrying for a follower, the keeping for a master that has been it for a while', () => {
    assert.deepEqual(duty('follower', 4), { role: 'follower', master: ways, term: 7, paceMs: 500 });
    assert.deepEqual(duty('master', 4), { role: 'master' });
    assert.deepEqual([duty('master', 4, false), duty('standby', 4)], [{ role: 'none' }, { role: 'none' }]);
  });

  it('makes fifty pushes a second for up to 500 members, and one in ten seconds for each of more', () => {
    const paceMs = (members: number): number => {
      const wanted = duty('follower', members);
      return wanted.role === 'follower' ? wanted.paceMs : assert.fail();
    };
    assert.deepEqual([1, 25, 100, 500, 5000].map(paceMs), [500, 500, 2000, 10_000, 10_000]);
  });
});
