import type { Sql } from './connection.ts';
import { messages } from './migrations/audit-001-messages.ts';
import { ranges } from './migrations/audit-002-ranges.ts';
import { chains } from './migrations/audit-003-chains.ts';
import { forwards } from './migrations/audit-004-forwards.ts';
import { rows } from './migrations/data-001-rows.ts';
import { access } from './migrations/data-002-access.ts';
import { search } from './migrations/data-003-search.ts';
import { incarnations } from './migrations/data-004-incarnations.ts';
import { searchByStatement } from './migrations/data-005-search-by-statement.ts';
import { hostFactoryTokens } from './migrations/data-006-host-factory-tokens.ts';
import { issuers } from './migrations/data-007-issuers.ts';
import { authenticators } from './migrations/data-008-authenticators.ts';
import type { Migration } from './migrations/migration.ts';
import { errorCode } from './translate.ts';

/** The two databases of a node. */
export type Schema = 'data' | 'audit';

const migrations: Readonly<Record<Schema, readonly Migration[]>> = {
  data: [rows, access, search, incarnations, searchByStatement, hostFactoryTokens, issuers, authenticators],
  audit: [messages, ranges, chains, forwards],
};

/** Any number that nothing else in these databases uses as an advisory lock. */
const lockKey = 4_386_800;
/** Who waits for a table keeps everybody waiting who comes after; reads have 2 s for a statement. */
const tableWaitMs = 1000;
/** SQLSTATE (manual, appendix A). */
const undefinedTable = '42P01';

/**
 * Brings a database to the newest schema and returns the versions that were applied now. Where nothing is missing that is
 * one question and no lock: a failover goes this way. Else each step is a transaction of its own under one advisory lock,
 * so that two nodes or processes may call it at once and again.
 */
export async function migrate(sql: Sql, schema: Schema): Promise<readonly number[]> {
  const recorded = await recordedVersions(sql);
  const applied: number[] = [];
  for (const migration of migrations[schema]) {
    if (!recorded.has(migration.version) && (await apply(sql, migration))) applied.push(migration.version);
  }
  return applied;
}

/** The versions that a database says it has; none where nobody has prepared it yet. */
async function recordedVersions(sql: Sql): Promise<ReadonlySet<number>> {
  try {
    const known = await sql<{ version: number }[]>`select version from schema_migrations`.simple();
    return new Set(known.map(({ version }) => version));
  } catch (error) {
    if (errorCode(error) !== undefinedTable) throw error;
    return new Set();
  }
}

/** Takes one step, unless somebody else took it first. */
async function apply(sql: Sql, { version, name, sql: step }: Migration): Promise<boolean> {
  return sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${lockKey})`;
    await tx`create table if not exists schema_migrations (
      version integer primary key, name text not null, applied_at timestamptz not null default now())`;
    const [known] = await tx`select 1 from schema_migrations where version = ${version}`;
    if (known !== undefined) return false;
    await tx`select set_config('lock_timeout', ${String(tableWaitMs)}, true)`;
    await tx.unsafe(step);
    await tx`insert into schema_migrations (version, name) values (${version}, ${name})`;
    return true;
  });
}
