import type { FullId } from '../core/ids.ts';
import type { Sql } from './connection.ts';

/** A version of a policy, and how long its text is. */
export interface PolicyVersion {
  readonly id: FullId;
  readonly version: number;
  /** Of its text, UTF-8. */
  readonly bytes: number;
}

/** ... with its text, written as JSON: long texts take long, and PostgreSQL has processes of its own. */
interface PolicyText extends Omit<PolicyVersion, 'bytes'> {
  readonly json: string;
}

/**
 * Those versions of policies whose texts have `mostBytes` altogether: first the newest of each policy, then the one before
 * that of each, and so on.
 */
export async function newestVersions(
  sql: Sql,
  policyIds: readonly FullId[],
  mostBytes: number,
): Promise<readonly PolicyVersion[]> {
  return sql<PolicyVersion[]>`
    with sizes as (
      select v.resource_id as id, v.version, octet_length(v.policy_text) as bytes,
        row_number() over (partition by v.resource_id order by v.version desc) as age
      from policy_versions v where v.resource_id in (
        select value collate "C" from jsonb_array_elements_text(${sql.json([...policyIds])})))
    select id, version, bytes from (
      select *, sum(bytes) over (order by age, id) as total from sizes) s
    where total <= ${mostBytes} order by age, id`;
}

/** The texts of some versions; what was deleted meanwhile is not there. */
export async function readPolicyTexts(
  sql: Sql,
  versions: readonly PolicyVersion[],
): Promise<readonly PolicyText[]> {
  return sql<PolicyText[]>`
    select v.resource_id as id, v.version, to_json(v.policy_text)::text as json
    from jsonb_to_recordset(${sql.json(versions.map(({ id, version }) => ({ id, version })))})
      as r(id text, version int)
    join policy_versions v on v.resource_id = r.id collate "C" and v.version = r.version`;
}
