import { fullId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { Secret } from '../core/secret.ts';
import type { DataKey } from './cipher.ts';
import type { InstanceAddress, TransactionSql } from './connection.ts';
import { createCredentials } from './credentials.ts';
import { Link } from './link.ts';
import { migrate } from './migrate.ts';
import { createSigningKey } from './signing-key.ts';
import { translateStoreError } from './translate.ts';

/**
 * Prepares the databases of a new cluster and makes its account: tables, the key pair that signs tokens, the user
 * `admin`, the policy `root`. The API key that it returns is shown once and kept nowhere else in the clear.
 *
 * @throws Problem `account_exists`, `argument_invalid`, `store_unavailable`
 */
export async function provision(settings: {
  readonly data: InstanceAddress;
  readonly audit: InstanceAddress;
  readonly account: string;
  readonly dataKey: DataKey;
}): Promise<{ readonly adminApiKey: Secret<string> }> {
  const { account, dataKey } = settings;
  if (!/^[^\s:/!]+$/.test(account)) {
    throw new Problem('argument_invalid', `account: "${account}" must hold no space, colon, slash or "!"`);
  }
  const data = new Link(settings.data, { name: 'holdfast provision' });
  const audit = new Link(settings.audit, { name: 'holdfast provision' });
  try {
    await audit.use((sql) => migrate(sql, 'audit'));
    await data.use((sql) => migrate(sql, 'data'));
    return await data.use((sql) => sql.begin((tx) => createAccount(tx, dataKey, account)));
  } catch (error) {
    throw translateStoreError(error);
  } finally {
    await Promise.all([data.end(), audit.end()]);
  }
}

async function createAccount(
  sql: TransactionSql,
  dataKey: DataKey,
  account: string,
): Promise<{ readonly adminApiKey: Secret<string> }> {
  await sql`lock table slosilo_keystore in share row exclusive mode`;
  const [known] = await sql`select 1 from slosilo_keystore where id = ${`authn:${account}`}`;
  if (known !== undefined) {
    throw new Problem('account_exists', `account: "${account}" exists already; nothing was changed`);
  }
  await createSigningKey(sql, dataKey, account);
  const admin = fullId(account, 'user', 'admin');
  const root = fullId(account, 'policy', 'root');
  await sql`insert into roles (role_id) values (${admin}), (${root})`;
  await sql`insert into resources (resource_id, owner_id) values (${root}, ${admin})`;
  await sql`insert into role_memberships (role_id, member_id, admin_option, ownership)
    values (${root}, ${admin}, true, true)`;
  return { adminApiKey: await createCredentials(sql, dataKey, admin, []) };
}

/** Brings the audit database of a node that has one of its own (a follower) to the newest schema. */
export async function prepareAudit(address: InstanceAddress): Promise<void> {
  const audit = new Link(address, { name: 'holdfast provision' });
  try {
    await audit.use((sql) => migrate(sql, 'audit'));
  } catch (error) {
    throw translateStoreError(error);
  } finally {
    await audit.end();
  }
}
