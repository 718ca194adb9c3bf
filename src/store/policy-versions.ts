import { createHash } from 'node:crypto';
import type { FullId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { TransactionSql } from './connection.ts';
import { errorCode } from './translate.ts';

const versionsKept = 20;
/** Class of the advisory lock that lets one policy load in at a time (the other half is the account's hash). */
const lockClass = 43_868;

/** SQLSTATE of what goes wrong when somebody else wrote the same rows meanwhile: unique and foreign keys, serialization, deadlock. */
const conflicts: ReadonlySet<string> = new Set(['23505', '23503', '40001', '40P01', '55P03']);

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
    throw translateLoadError(error);
  }
}

/** `policy_busy` where another writer was in the way of a load: its plan holds no more. */
export function translateLoadError(error: unknown): unknown {
  return conflicts.has(errorCode(error)) ? policyBusy(error) : error;
}

/** What a client is told that should send its policy again a little later. */
export function policyBusy(cause?: unknown): Problem {
  return new Problem('policy_busy', 'Concurrent policy load in progress, please retry', { cause });
}

/** The number of the version that the next load of a policy makes; it stays so while `lockPolicies` holds. */
export async function nextPolicyVersion(sql: TransactionSql, policyId: FullId): Promise<number> {
  const [row] = await sql<{ version: number }[]>`
    select coalesce(max(version), 0) + 1 as version from policy_versions where resource_id = ${policyId}`;
  return row?.version ?? 1;
}

/** Records a load as a version of its policy and drops versions past the twentieth. */
export async function addPolicyVersion(
  sql: TransactionSql,
  load: {
    readonly policyId: FullId;
    readonly version: number;
    readonly roleId: FullId;
    readonly text: string;
    readonly address: string;
  },
): Promise<void> {
  const { policyId, version, roleId, text, address } = load;
  const sha256 = createHash('sha256').update(text).digest('hex');
  await sql`
    insert into policy_versions (resource_id, version, role_id, policy_text, policy_sha256, client_ip, finished_at)
    values (${policyId}, ${version}, ${roleId}, ${text}, ${sha256}, ${address}::inet, clock_timestamp())`;
  await sql`delete from policy_versions
    where resource_id = ${policyId} and version <= ${version - versionsKept}`;
}
