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

test('while one account cannot be told, its name is nobody else’s, and nothing of its safe is gone', () => {
  const hidden = { ...account('s/x', []), fault: 'it cannot be read.' };
  const wanted = wantedSafe(layout, 'l', 's', [hidden, account('2', ['password'])]);
  assert.deepEqual(wanted.reports, [
    { code: 'account_unread', branch: 'corp/l/s', account: 'name s/x', fault: 'it cannot be read.' },
  ]);
  assert.deepEqual([wanted.hidesOne, [...wanted.blockedNames]], [true, ['name s~2Fx']]);
  assert.equal(wanted.accounts.length, 1);
  assert.equal(wantedSafe(layout, 'l', 's', [account('1', [])]).hidesOne, false);
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
