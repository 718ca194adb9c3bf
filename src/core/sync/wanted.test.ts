import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wantedSafe } from './wanted.ts';

const layout = { base: 'root', vault: 'corp' };
const account = (id: string, properties: readonly string[]) => ({
  id,
  name: `name ${id}`,
  properties,
  revision: null,
});

test('an account without values is told, and what there is of it stays', () => {
  const wanted = wantedSafe(layout, 'l', 's', [account('1', []), account('2', ['password'])]);
  assert.deepEqual(wanted.reports, [{ code: 'account_empty', branch: 'corp/l/s', account: '1' }]);
  assert.deepEqual([...wanted.blockedKeys], ['l/1']);
  assert.deepEqual(
    wanted.accounts.map(({ key }) => key),
    ['l/2'],
  );
});
