import { createHash } from 'node:crypto';
import type { FullId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { TransactionSql } from './connection.ts';
import { errorCode } from './translate.ts';

const versionsKept = 20;
/** Class of the advisory lock that lets one policy load in at a time (the other half is the account's hash). */
const lockClass = 43_868;

/**
 * Lets one policy load of an account in at a time: a plan is made from rows that another load must not change meanwhile.
 *
 * @throws Problem `policy_busy` after the connection's lock_timeout
 */
export async function lockPolicies(sql: TransactionSql, account: string): Promise<void> {
  await untilFree(sql`select pg_advisory_xact_lock(${lockClass}, hashtext(${account}))`);
}

/**
 * For a transaction that changes roles or memberships without a policy: keeps the policy loads of the account out until
 * it ends, and lets others of its sort in.
 *
 * @throws Problem `policy_busy` after the connection's lock_timeout
 */
export async function holdOffPolicies(sql: TransactionSql, account: string): Promise<void> {
  await untilFree(sql`select pg_advisory_xact_lock_shared(${lockClass}, hashtext(${account}))`);
}

async function untilFree(lock: PromiseLike<unknown>): Promise<void> {
  try {
    await lock;
  } catch (error) {
    if (errorCode(error) !== '55P03') throw error;
    throw new Problem('policy_busy', 'Concurrent policy load in progress, please retry', { cause: error });
  }
}

/** Records a load as the next version of its policy and drops versions past the twentieth. */
export async function addPolicyVersion(
  sql: TransactionSql,
  load: {
    readonly policyId: FullId;
    readonly roleId: FullId;
    readonly text: string;
    readonly address: string;
  },
): Promise<number> {
  const sha256 = createHash('sha256').update(load.text).digest('hex');
  const [row] = await sql<{ version: number }[]>`
    insert into policy_versions (resource_id, version, role_id, policy_text, policy_sha256, client_ip, finished_at)
    select ${load.policyId}, coalesce(max(version), 0) + 1, ${load.roleId}, ${load.text}, ${sha256},
      ${load.address}::inet, clock_timestamp()
    from policy_versions where resource_id = ${load.policyId}
    returning version`;
  const version = row?.version ?? 1;
  await sql`delete from policy_versions
    where resource_id = ${load.policyId} and version <= ${version - versionsKept}`;
  return version;
}
