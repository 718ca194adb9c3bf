import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullId } from '../core/ids.ts';
import { isProblem } from '../core/problem.ts';
import { readCredentials, rotateApiKey } from './credentials.ts';
import { startProvisionedStore } from './testing/provisioned-store.ts';

test('a new API key is worth something, or there is none: not for a role that was deleted meanwhile', async (context) => {
  const provisioned = await startProvisionedStore();
  context.after(() => provisioned.stop());
  const { store, dataKey, account } = provisioned;
  const rotate = (login: string) =>
    store.writes.transaction((sql) => rotateApiKey(sql, dataKey, fullId(account, 'user', login)));
  const key = await rotate('admin');
  const admin = await readCredentials(store, fullId(account, 'user', 'admin'), '192.0.2.1');
  assert.equal(admin?.apiKey?.reveal().toString(), key.reveal());
  await assert.rejects(rotate('gone'), (error) => isProblem(error, 'record_not_found'));
});
