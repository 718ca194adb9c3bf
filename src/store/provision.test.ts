import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fullId } from '../core/ids.ts';
import { isProblem } from '../core/problem.ts';
import { readCredentials } from './credentials.ts';
import { prepareAudit, prepareDatabases, provision } from './provision.ts';
import { readSigningKey } from './signing-key.ts';
import { type ProvisionedStore, startProvisionedStore } from './testing/provisioned-store.ts';

describe('provisioning', { timeout: 40_000 }, () => {
  let provisioned: ProvisionedStore;
  before(async () => {
    provisioned = await startProvisionedStore();
  });
  after(() => provisioned.stop());

  it('makes the admin, the root policy and the key pair', async () => {
    const { store, account, adminApiKey } = provisioned;
    const admin = await readCredentials(store, fullId(account, 'user', 'admin'), '192.0.2.1');
    assert.equal(admin?.apiKey?.reveal().toString(), adminApiKey.reveal());
    assert.equal(admin?.originAllowed, true);
    const key = await readSigningKey(store, account);
    assert.match(key?.fingerprint ?? '', /^[0-9a-f]{64}$/);
    assert.equal(await readSigningKey(store, 'other'), null);
  });

  it('says so when the account exists already, and leaves its key alone', async () => {
    const { addresses, account, dataKey, store, adminApiKey } = provisioned;
    const again = provision({ ...addresses, account, dataKey });
    await assert.rejects(again, (error) => isProblem(error, 'account_exists'));
    const admin = await readCredentials(store, fullId(account, 'user', 'admin'), '192.0.2.1');
    assert.equal(admin?.apiKey?.reveal().toString(), adminApiKey.reveal());
  });

  it('refuses a name that ids could not hold', async () => {
    const { addresses, dataKey } = provisioned;
    for (const account of ['', 'a b', 'a:b', 'a/b', '!']) {
      const refused = provision({ ...addresses, account, dataKey });
      await assert.rejects(refused, (error) => isProblem(error, 'argument_invalid'));
    }
  });

  it('prepares an audit database twice at once without harm', async () => {
    const address = await provisioned.postgres.createDatabase('follower');
    await Promise.all([prepareAudit(address), prepareAudit(address)]);
    const count = await provisioned.postgres.inDatabase(address, (sql) => sql`select * from messages`);
    assert.equal(count.length, 0);
  });

  it('writes nothing, and takes no transaction id, where nothing is missing', async () => {
    const { addresses, postgres } = provisioned;
    const nextId = () => postgres.superuser`select pg_snapshot_xmax(pg_current_snapshot()) as id`;
    const first = await nextId();
    await prepareDatabases(addresses);
    assert.deepEqual(await nextId(), first);
  });

  it('gives up where a table is held, so that nobody waits behind it for long, and does it when called again', async () => {
    const { addresses, postgres } = provisioned;
    await postgres.inDatabase(addresses.data, async (sql) => {
      await sql`drop table authenticator_configs`;
      await sql`delete from schema_migrations where version = 8`;
      await sql.begin(async (tx) => {
        await tx`lock table resources in row exclusive mode`;
        await assert.rejects(prepareDatabases(addresses), (error) => isProblem(error, 'server_busy'));
      });
      await prepareDatabases(addresses);
      assert.equal((await sql`select from authenticator_configs`).length, 0);
    });
  });
});
