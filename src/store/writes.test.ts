import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isProblem } from '../core/problem.ts';
import { openClient, type Sql } from './connection.ts';
import { stickCommits, waitingBackend } from './testing/stuck-commits.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './testing/temporary-postgres.ts';
import { openWrites, type Writes } from './writes.ts';

describe('writes on a real PostgreSQL', { timeout: 40_000 }, () => {
  let postgres: TemporaryPostgres;
  let writes: Writes;
  let probe: Sql;
  let letThrough: (() => Promise<void>) | null = null;

  before(async () => {
    postgres = await startTemporaryPostgres();
    writes = openWrites(postgres.address, 2);
    probe = openClient(postgres.address, { name: 'probe' });
    await writes.transaction((sql) => sql`create table notes (text text)`);
  });
  afterEach(async () => {
    await letThrough?.();
    letThrough = null;
  });
  after(async () => {
    await Promise.all([writes.end(), probe.end({ timeout: 1 })]);
    await postgres.stop();
  });

  const add = (text: string, waitMs?: number): Promise<unknown> =>
    writes.transaction((sql) => sql`insert into notes values (${text})`, waitMs);

  async function notes(): Promise<readonly string[]> {
    const rows = await writes.transaction((sql) => sql<{ text: string }[]>`select text from notes`);
    return rows.map((row) => row.text);
  }

  it('writes and answers what the work returned', async () => {
    await add('plain');
    assert.deepEqual(await notes(), ['plain']);
  });

  it('says indeterminate when the wait for the standby is cancelled, though PostgreSQL says COMMIT', async () => {
    letThrough = await stickCommits(postgres.superuser, probe);
    const written = assert.rejects(add('cancelled wait'), (error) => isProblem(error, 'write_indeterminate'));
    const pid = await waitingBackend(postgres.superuser);
    await postgres.superuser`select pg_cancel_backend(${pid})`;
    await written;
    await letThrough();
    assert.ok((await notes()).includes('cancelled wait'), 'it was in fact committed locally');
  });

  it('says indeterminate when the backend is ended while it waits for the standby', async () => {
    letThrough = await stickCommits(postgres.superuser, probe);
    const written = assert.rejects(add('ended'), (error) => isProblem(error, 'write_indeterminate'));
    const pid = await waitingBackend(postgres.superuser);
    await postgres.superuser`select pg_terminate_backend(${pid})`;
    await written;
    await letThrough();
  });

  it('says indeterminate when no confirmation comes within the bound, and gives the connection back later', async () => {
    letThrough = await stickCommits(postgres.superuser, probe);
    await assert.rejects(add('late', 300), (error) => isProblem(error, 'write_indeterminate'));
    await letThrough();
    assert.ok((await notes()).includes('late'));
  });

  it('never writes what it said was not written: the work that ends too late is rolled back', async () => {
    const tooSlow = writes.transaction(async (sql) => {
      await sql`insert into notes values ('too slow')`;
      await sql`select pg_sleep(0.4)`;
    }, 100);
    await assert.rejects(tooSlow, (error) => isProblem(error, 'store_unavailable'));
    await delay(500);
    assert.ok(!(await notes()).includes('too slow'));
  });

  it('refuses, and writes nothing, while every connection is taken', async () => {
    letThrough = await stickCommits(postgres.superuser, probe);
    const stuck = [add('a', 1500), add('b', 1500)].map((write) => write.catch(() => undefined));
    await assert.rejects(add('c', 200), (error) => isProblem(error, 'store_unavailable'));
    await letThrough();
    await Promise.all(stuck);
    assert.ok(!(await notes()).includes('c'));
  });

  it('translates a refused statement, which leaves nothing behind', async () => {
    const wrong = writes.transaction(async (sql) => {
      await sql`insert into notes values ('half')`;
      await sql`select 1 / 0`;
    });
    await assert.rejects(wrong, (error) => isProblem(error, 'store_rejected'));
    assert.ok(!(await notes()).includes('half'));
  });
});
