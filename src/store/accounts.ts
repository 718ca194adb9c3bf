import { accountNameFault, accountsAccount } from '../core/account-name.ts';
import { type FullId, fullId, parseFullId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { Secret } from '../core/secret.ts';
import type { DataKey } from './cipher.ts';
import type { Sql, TransactionSql } from './connection.ts';
import { createCredentials } from './credentials.ts';
import { lockPolicies } from './policy-versions.ts';
import { createSigningKey } from './signing-key.ts';

/**
 * Makes an account: the key pair that signs its tokens, the user `admin` with an API key, the policy `root`; for `!` the
 * resource that the rights on accounts hang on, too.
 *
 * @throws Problem `account_exists`, `argument_invalid`
 */
export async function createAccount(
  sql: TransactionSql,
  dataKey: DataKey,
  account: string,
): Promise<{ readonly adminApiKey: Secret<string> }> {
  const fault = account === accountsAccount ? null : accountNameFault(account);
  if (fault !== null) throw new Problem('argument_invalid', fault);
  await sql`lock table slosilo_keystore in share row exclusive mode`;
  const [known] = await sql`select 1 from slosilo_keystore where id = ${keyId(account)}`;
  if (known !== undefined)
    throw new Problem('account_exists', `account ${JSON.stringify(account)} already exists`);
  await createSigningKey(sql, dataKey, account);
  const admin = fullId(account, 'user', 'admin');
  const root = fullId(account, 'policy', 'root');
  await sql`insert into roles (role_id) values (${admin}), (${root})`;
  await sql`insert into resources (resource_id, owner_id) values (${root}, ${admin})`;
  await sql`insert into role_memberships (role_id, member_id, admin_option, ownership)
    values (${root}, ${admin}, true, true)`;
  if (account === accountsAccount) {
    const rights = fullId(account, 'webservice', 'accounts'); // read lists accounts, execute creates, update deletes them
    await sql`insert into resources (resource_id, owner_id) values (${rights}, ${admin})`;
  }
  return { adminApiKey: await createCredentials(sql, dataKey, admin, []) };
}

/** The names of all accounts, in order; `!` is none of them. */
export async function listAccounts(sql: Sql): Promise<readonly string[]> {
  const rows = await sql<
    { id: string }[]
  >`select id from slosilo_keystore where id <> ${keyId(accountsAccount)}
    order by id`;
  return rows.map(({ id }) => id.slice(keyId('').length));
}

export type AccountDeletion =
  | { readonly outcome: 'deleted' | 'unknown' }
  /** A row of another account that would fall with this one. */
  | { readonly outcome: 'held'; readonly by: FullId };

/**
 * Deletes an account: its key, and every row that belongs to it. Its tokens die with their roles. Rows of other accounts
 * are never touched: where one is owned by this account, or was loaded by its policies, nothing is done.
 *
 * @throws Problem `policy_busy` while a policy of the account is being loaded
 */
export async function deleteAccount(sql: TransactionSql, account: string): Promise<AccountDeletion> {
  await lockPolicies(sql, account);
  const gone = await sql`delete from slosilo_keystore where id = ${keyId(account)} returning id`;
  if (gone.length === 0) return { outcome: 'unknown' };
  // Of ids under collation "C" those of an account are one range: ";" comes right after ":".
  const [from, to] = [`${account}:`, `${account};`];
  const [held] = await sql<{ id: string }[]>`
    select resource_id as id from resources
    where (resource_id < ${from} or resource_id >= ${to})
      and ((owner_id >= ${from} and owner_id < ${to}) or (policy_id >= ${from} and policy_id < ${to}))
    union all
    select role_id as id from roles
    where (role_id < ${from} or role_id >= ${to}) and policy_id >= ${from} and policy_id < ${to}
    limit 1`;
  const by = held === undefined ? null : parseFullId(held.id);
  if (by !== null) return { outcome: 'held', by };
  await sql`delete from resources where resource_id >= ${from} and resource_id < ${to}`;
  await sql`delete from roles where role_id >= ${from} and role_id < ${to}`;
  return { outcome: 'deleted' };
}

function keyId(account: string): string {
  return `authn:${account}`;
}
