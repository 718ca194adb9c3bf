import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type FullId, fullId } from '../core/ids.ts';
import { isProblem } from '../core/problem.ts';
import type { CallerRole } from './access.ts';
import { openClient, type Sql } from './connection.ts';
import { openSecretWrites } from './secret-writes.ts';
import { type ProvisionedStore, startProvisionedStore } from './testing/provisioned-store.ts';
import { stickCommits, waitingBackend } from './testing/stuck-commits.ts';

describe('writes that travel together', { timeout: 60_000 }, () => {
  let provisioned: ProvisionedStore;
  let sql: Sql;
  let admin: CallerRole;
  let writer: CallerRole;
  const id = (name: string): FullId => fullId('demo', 'variable', name);

  before(async () => {
    provisioned = await startProvisionedStore();
    sql = openClient(provisioned.addresses.data, { name: 'test' });
    await sql`insert into roles (role_id) values ('demo:host:writer'), ('demo:host:reader'), ('demo:layer:l')`;
    await sql`insert into role_memberships (role_id, member_id, admin_option, ownership)
      values ('demo:layer:l', 'demo:host:writer', false, false)`;
    for (let index = 0; index < 40; index += 1) {
      const resource = id(`v${index}`);
      await sql`insert into resources (resource_id, owner_id) values (${resource}, 'demo:user:admin')`;
      await sql`insert into permissions (resource_id, role_id, privilege)
        values (${resource}, 'demo:layer:l', 'update'), (${resource}, 'demo:host:reader', 'execute'),
          (${resource}, 'demo:layer:l', 'execute')`;
    }
    admin = await callerOf('demo:user:admin');
    writer = await callerOf('demo:host:writer');
  });
  after(async () => {
    await sql.end({ timeout: 1 });
    await provisioned.stop();
  });

  async function callerOf(roleId: string): Promise<CallerRole> {
    const [row] = await sql<{ id: FullId; incarnation: string }[]>`
      select role_id as id, incarnation from roles where role_id = ${roleId}`;
    assert.ok(row !== undefined);
    return { roleId: row.id, incarnation: row.incarnation, issuedAt: Math.floor(Date.now() / 1000) };
  }
  const store = (caller: CallerRole, name: string, value: string): Promise<boolean> =>
    provisioned.store.secretWrites.store(caller, id(name), Buffer.from(value));
  const read = async (name: string, version: number | null = null): Promise<string | undefined> =>
    (await provisioned.store.secrets.read(writer, id(name), version)).value?.toString();
  const versions = async (name: string): Promise<readonly number[]> => {
    const rows = await sql<{ version: number }[]>`
      select version from secrets where resource_id = ${id(name)} order by version`;
    return rows.map((row) => row.version);
  };
  const commits = async (): Promise<number> => {
    const [row] = await sql<
      { xmins: number }[]
    >`select count(distinct xmin::text)::int as xmins from secrets`;
    return row?.xmins ?? 0;
  };

  it('stores what comes at once in few transactions, each value at its own variable', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `v${index}`);
    const already = await commits();
    const written = await Promise.all(
      names.map((name, index) => store(index % 2 === 0 ? writer : admin, name, `one ${name}`)),
    );
    assert.ok(written.every(Boolean));
    assert.ok((await commits()) - already <= 3, 'forty writes in at most three transactions');
    for (const name of names) assert.equal(await read(name), `one ${name}`);
  });

  it('gives several values of one variable their versions in the order of arrival, and none to a repetition', async () => {
    const values = ['a', 'b', 'b', 'c', 'a'];
    const written = await Promise.all(values.map((value) => store(writer, 'v1', value)));
    assert.ok(written.every(Boolean));
    assert.deepEqual(await versions('v1'), [1, 2, 3, 4, 5]);
    assert.deepEqual(await Promise.all([2, 3, 4, 5].map((version) => read('v1', version))), [
      'a',
      'b',
      'c',
      'a',
    ]);
  });

  it('keeps twenty versions', async () => {
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(Array.from({ length: 10 }, (_, index) => store(writer, 'v2', `${round} ${index}`)));
    }
    const kept = await versions('v2');
    assert.equal(kept.length, 20);
    assert.equal(await read('v2'), '2 9');
  });

  it('writes nothing for who may not, and tells the others nothing of it', async () => {
    const reader = await callerOf('demo:host:reader');
    const gone: CallerRole = { ...writer, incarnation: '00000000-0000-4000-8000-000000000000' };
    const outcomes = await Promise.all([
      store(reader, 'v3', 'no'),
      store(writer, 'v3', 'yes'),
      store(gone, 'v4', 'no'),
      store(writer, 'not-there', 'no'),
    ]);
    assert.deepEqual(outcomes, [false, true, false, false]);
    assert.equal(await read('v3'), 'yes');
    assert.equal(await read('v4'), 'one v4');
  });

  it('believes no remembered role once its membership is gone', async () => {
    assert.equal(await store(writer, 'v5', 'with it'), true);
    await sql`delete from role_memberships where member_id = 'demo:host:writer'`;
    assert.equal(await store(writer, 'v5', 'without it'), false);
    await sql`insert into role_memberships (role_id, member_id, admin_option, ownership)
      values ('demo:layer:l', 'demo:host:writer', false, false)`;
    assert.equal(await read('v5'), 'with it');
    // The first read after a change learns the roles anew; so does the first write, which is sent the other way.
    assert.equal(await store(writer, 'v5', 'again'), true);
  });

  it('waits for nobody: what somebody holds is sent the other way, the rest is written', async () => {
    const holder = openClient(provisioned.addresses.data, { name: 'holder' });
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let locked: () => void = () => undefined;
    const isLocked = new Promise<void>((resolve) => {
      locked = resolve;
    });
    const transaction = holder.begin(async (tx) => {
      await tx`select from resources where resource_id = ${id('v6')} for update`;
      locked();
      await held;
    });
    await isLocked;
    const outcomes = await Promise.all([store(writer, 'v6', 'held'), store(writer, 'v7', 'free')]);
    letGo();
    await transaction;
    await holder.end({ timeout: 1 });
    assert.deepEqual(outcomes, [false, true]);
    assert.equal(await read('v7'), 'free');
  });

  it('sends values that are large, and callers without incarnation, the other way', async () => {
    assert.equal(await store(writer, 'v8', 'x'.repeat(100_000)), false);
    assert.equal(await store({ ...writer, incarnation: null }, 'v8', 'old token'), false);
  });

  it('lets nobody wait longer than told, however many wait, when commits get stuck', async () => {
    const waitMs = 2000;
    const { store: held, addresses, dataKey } = provisioned;
    const writes = openSecretWrites(addresses.data, held.secrets.closures, dataKey, waitMs);
    await writes.warm();
    const letThrough = await stickCommits(provisioned.postgres.superuser, sql);
    const begun = performance.now();
    const many = Array.from({ length: 500 }, (_, index) =>
      writes.store(writer, id(`v${index % 40}`), Buffer.from(`stuck ${index}`)),
    );
    const outcomes = await Promise.allSettled(many);
    const tookMs = performance.now() - begun;
    await letThrough();
    await writes.end();
    assert.ok(tookMs < 2 * waitMs, `${tookMs} ms`);
    const codes = outcomes.map((one) =>
      one.status === 'rejected' && isProblem(one.reason) ? one.reason.code : '',
    );
    assert.deepEqual([...new Set(codes)].sort(), ['store_unavailable', 'write_indeterminate']);
  });

  it('tells nobody of a value that cannot be decrypted but who writes there', async () => {
    await store(writer, 'v11', 'good');
    await sql`update secrets set value = '\\x4700' where resource_id = ${id('v11')}`;
    const outcomes = await Promise.all([store(writer, 'v11', 'x'), store(writer, 'v12', 'y')]);
    assert.deepEqual(outcomes, [false, false]);
    assert.equal(await store(writer, 'v12', 'y'), true);
  });

  it('calls everything that travelled together indeterminate when the wait for the standby is cancelled', async () => {
    const letThrough = await stickCommits(provisioned.postgres.superuser, sql);
    const writes = [store(writer, 'v9', 'p'), store(writer, 'v10', 'q')].map((write) =>
      assert.rejects(write, (error) => isProblem(error, 'write_indeterminate')),
    );
    const pid = await waitingBackend(provisioned.postgres.superuser);
    await provisioned.postgres.superuser`select pg_cancel_backend(${pid})`;
    await Promise.all(writes);
    await letThrough();
  });
});
