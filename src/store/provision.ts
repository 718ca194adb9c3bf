import { accountNameFault } from '../core/account-name.ts';
import { Problem } from '../core/problem.ts';
import type { Secret } from '../core/secret.ts';
import { createAccount } from './accounts.ts';
import type { DataKey } from './cipher.ts';
import type { InstanceAddress } from './connection.ts';
import { Link } from './link.ts';
import { migrate, type Schema } from './migrate.ts';
import { translateStoreError } from './translate.ts';

/** How long one waits for another who does the same, ms. */
const turnWaitMs = 10_000;

/**
 * Prepares the databases of a new cluster and makes its account: tables, the key pair that signs tokens, the user
 * `admin`, the policy `root`. The API key that it returns is shown once and kept nowhere else in the clear.
 *
 * @throws Problem `account_exists`, `argument_invalid`, `store_unavailable`, `server_busy`
 */
export async function provision(settings: {
  readonly data: InstanceAddress;
  readonly audit: InstanceAddress;
  readonly account: string;
  readonly dataKey: DataKey;
}): Promise<{ readonly adminApiKey: Secret<string> }> {
  const { account, dataKey } = settings;
  const fault = accountNameFault(account);
  if (fault !== null) throw new Problem('argument_invalid', fault);
  const client = { name: 'holdfast provision', session: { lock_timeout: turnWaitMs } };
  const data = new Link(settings.data, client);
  const audit = new Link(settings.audit, client);
  try {
    await Promise.all([audit.use((sql) => migrate(sql, 'audit')), data.use((sql) => migrate(sql, 'data'))]);
    return await data.use((sql) => sql.begin((tx) => createAccount(tx, dataKey, account)));
  } catch (error) {
    throw translateStoreError(error);
  } finally {
    await Promise.all([data.end(), audit.end()]);
  }
}

/** Brings the audit database of a node that has one of its own (a follower) to the newest schema. */
export async function prepareAudit(address: InstanceAddress): Promise<void> {
  await bringUpToDate(address, 'audit');
}

/**
 * Brings both databases of a master to the newest schema, at the same time: they may come from an older version of
 * Holdfast. Where nothing is missing, nothing is written.
 *
 * @throws Problem `store_unavailable`, `server_busy` when somebody holds a table that a step changes; call it again
 */
export async function prepareDatabases(addresses: {
  readonly data: InstanceAddress;
  readonly audit: InstanceAddress;
}): Promise<void> {
  await Promise.all([bringUpToDate(addresses.audit, 'audit'), bringUpToDate(addresses.data, 'data')]);
}

async function bringUpToDate(address: InstanceAddress, schema: Schema): Promise<void> {
  const link = new Link(address, { name: 'holdfast migrate', session: { lock_timeout: turnWaitMs } });
  try {
    await link.use((sql) => migrate(sql, schema));
  } catch (error) {
    throw translateStoreError(error);
  } finally {
    await link.end();
  }
}
