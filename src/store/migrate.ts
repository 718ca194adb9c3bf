import type { Sql } from './connection.ts';
import { messages } from './migrations/audit-001-messages.ts';
import { ranges } from './migrations/audit-002-ranges.ts';
import { rows } from './migrations/data-001-rows.ts';
import { access } from './migrations/data-002-access.ts';
import { search } from './migrations/data-003-search.ts';
import { incarnations } from './migrations/data-004-incarnations.ts';
import { searchByStatement } from './migrations/data-005-search-by-statement.ts';
import { hostFactoryTokens } from './migrations/data-006-host-factory-tokens.ts';
import { authenticators } from './migrations/data-008-authenticators.ts';
import { issuers } from './migrations/data-007-issuers.ts';
import type { Migration } from './migrations/migration.ts';

/** The two databases of a node. */
export type Schema = 'data' | 'audit';

const migrations: Readonly<Record<Schema, readonly Migration[]>> = {
  data: [rows, access, search, incarnations, searchByStatement, hostFactoryTokens, issuers, authenticators],
  audit: [messages, ranges],
};

/** Any number that nothing else in these databases uses as an advisory lock. */
const lockKey = 4_386_800;

/**
 * Brings a database to the newest schema and returns the versions that were applied now. Each step is a transaction of
 * its own under one advisory lock, so that two nodes or processes may call it at once and again.
 */
export async function migrate(sql: Sql, schema: Schema): Promise<readonly number[]> {
  const applied: number[] = [];
  for (const migration of migrations[schema]) {
    const fresh = await sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${lockKey})`;
      await tx`create table if not exists schema_migrations (
        version integer primary key, name text not null, applied_at timestamptz not null default now())`;
      const [known] = await tx`select 1 from schema_migrations where version = ${migration.version}`;
      if (known !== undefined) return false;
      await tx.unsafe(migration.sql);
      await tx`insert into schema_migrations (version, name) values (${migration.version}, ${migration.name})`;
      return true;
    });
    if (fresh) applied.push(migration.version);
  }
  return applied;
}
