import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Sql } from './connection.ts';
import { Link } from './link.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './testing/temporary-postgres.ts';

describe('a statement behind one that failed when it had sent rows', { timeout: 60_000 }, () => {
  let postgres: TemporaryPostgres;
  let link: Link;
  before(async () => {
    postgres = await startTemporaryPostgres();
    link = new Link(postgres.address, { name: 'test' });
  });
  after(async () => {
    await link.end();
    await postgres.stop();
  });

  /** Sends ten rows, and then an error. */
  const fails = (sql: Sql) => sql`select 10 / (11 - n) as q from generate_series(1, 20) n`;
  const failed = () => assert.rejects(link.use(fails), { code: '22012' });
  const answers: Readonly<Record<string, (sql: Sql) => Promise<unknown>>> = {
    'one row': async (sql) => Array.from(await sql`select 42 as x`),
    'no row': async (sql) => Array.from(await sql`select 42 as x where false`),
    'several rows': async (sql) => Array.from(await sql`select n as x from generate_series(1, 3) n`),
    'text without parameters': async (sql) => Array.from(await sql.unsafe('select 42 as x')),
    'several statements': async (sql) =>
      (await sql.unsafe('select 1 as x; select n as x from generate_series(2, 3) n').simple()).map((rows) =>
        Array.from(rows),
      ),
    'rows as lists': async (sql) => Array.from(await sql`select null as x, 42 as y`.values()),
    'a transaction': async (sql) => sql.begin(async (tx) => Array.from(await tx`select 42 as x`)),
  };
  const wanted: Readonly<Record<string, unknown>> = {
    'one row': [{ x: 42 }],
    'no row': [],
    'several rows': [{ x: 1 }, { x: 2 }, { x: 3 }],
    'text without parameters': [{ x: 42 }],
    'several statements': [[{ x: 1 }], [{ x: 2 }, { x: 3 }]],
    'rows as lists': [[null, 42]],
    'a transaction': [{ x: 42 }],
  };

  for (const [what, ask] of Object.entries(answers)) {
    it(`answers with its own rows alone: ${what}`, async () => {
      await failed();
      assert.deepEqual(await link.use(ask), wanted[what], 'sent afterwards');
      const [, behind, next] = await Promise.all([failed(), link.use(ask), link.use(ask)]);
      assert.deepEqual([behind, next], [wanted[what], wanted[what]], 'sent at the same time');
    });
  }
});
