import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { may, visible } from '../core/access/may.ts';
import { type FullId, fullId } from '../core/ids.ts';
import { seededRandom } from '../core/random.ts';
import type { CallerRole } from './access.ts';
import { writeSecret } from './secrets.ts';
import { type ProvisionedStore, startProvisionedStore } from './testing/provisioned-store.ts';
import { changed, putGraph, randomGraph, type RandomGraph } from './testing/random-graph.ts';

const seeds = 8;
const steps = 10;

describe('reads of secrets with remembered closures', { timeout: 60_000 }, () => {
  let held: ProvisionedStore;
  before(async () => {
    held = await startProvisionedStore();
  });
  after(() => held.stop());

  const callerOf = async (roleId: FullId): Promise<CallerRole> => {
    const [row] = await held.store.reads.run(
      (sql) => sql<{ incarnation: string }[]>`select incarnation from roles where role_id = ${roleId}`,
    );
    return { roleId, incarnation: row?.incarnation ?? null, issuedAt: 0 };
  };
  const put = (graph: RandomGraph): Promise<void> =>
    held.store.writes.transaction((sql) => putGraph(sql, graph));
  const epoch = async (): Promise<string> => {
    const [row] = await held.store.reads.run((sql) => sql<{ epoch: string }[]>`select epoch from rbac_epoch`);
    return row?.epoch ?? '';
  };

  /** All callers ask for all variables at once, as the statements of one round of the event loop. */
  async function agrees(graph: RandomGraph, callers: readonly CallerRole[], why: string): Promise<void> {
    const asked = callers.flatMap((caller) =>
      graph.resources.map(({ resourceId }) => ({ caller, resourceId })),
    );
    await Promise.all(
      asked.map(async ({ caller, resourceId }) => {
        const found = await held.store.secrets.read(caller, resourceId, null);
        const allowed = may(caller.roleId, 'execute', resourceId, graph);
        assert.deepEqual(
          { ...found, value: found.value?.toString() ?? null },
          {
            callerExists: true,
            exists: true,
            visible: visible(caller.roleId, resourceId, graph),
            allowed,
            value: allowed ? resourceId : null,
            mimeType: null,
          },
          `${why}: ${caller.roleId} reads ${resourceId}`,
        );
      }),
    );
  }

  it('agree with the obvious evaluator on random graphs, after each of many changes', async () => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const random = seededRandom(seed);
      let graph = randomGraph(random, `a${seed}`);
      await held.store.writes.transaction(async (sql) => {
        await sql`insert into roles (role_id) select jsonb_array_elements_text(${sql.json([...graph.roles])})`;
        await putGraph(sql, graph);
        for (const { resourceId } of graph.resources) {
          await writeSecret(sql, held.dataKey, resourceId, Buffer.from(resourceId));
        }
      });
      const callers = await Promise.all(graph.roles.map(callerOf));
      await agrees(graph, callers, `seed ${seed}`);
      for (let step = 1; step <= steps; step += 1) {
        graph = changed(random, graph);
        await put(graph);
        await agrees(graph, callers, `seed ${seed} step ${step}`);
      }
    }
  });

  it('forget a caller whose role is deleted, and know it from a later one of the same name', async () => {
    const [roleId, id] = [fullId('b', 'user', 'u'), fullId('b', 'variable', 'v')];
    const make = (): Promise<void> =>
      held.store.writes.transaction(async (sql) => {
        await sql`insert into roles (role_id) values (${roleId})`;
        await sql`insert into resources (resource_id, owner_id) values (${id}, ${roleId})`;
        await writeSecret(sql, held.dataKey, id, Buffer.from('x'));
      });
    await make();
    const first = await callerOf(roleId);
    assert.equal((await held.store.secrets.read(first, id, null)).allowed, true);
    await held.store.writes.transaction((sql) => sql`delete from roles where role_id = ${roleId}`);
    assert.equal((await held.store.secrets.read(first, id, null)).callerExists, false);
    await make();
    const late = await held.store.secrets.read(first, id, null);
    assert.deepEqual([late.callerExists, late.allowed, late.value], [false, false, null]);
    assert.equal((await held.store.secrets.read(await callerOf(roleId), id, null)).allowed, true);
  });

  it('decide by SQL for a variable with more permissions than are remembered, alike', async () => {
    const [owner, id] = [fullId('c', 'user', 'owner'), fullId('c', 'variable', 'v')];
    const [last, outside] = [fullId('c', 'group', 'g400'), fullId('c', 'group', 'outside')];
    await held.store.writes.transaction(async (sql) => {
      await sql`insert into roles (role_id) values (${owner}), (${outside})`;
      await sql`insert into roles (role_id) select 'c:group:g' || n from generate_series(1, 400) n`;
      await sql`insert into resources (resource_id, owner_id) values (${id}, ${owner})`;
      await sql`insert into permissions (privilege, resource_id, role_id)
        select 'execute', ${id}, 'c:group:g' || n from generate_series(1, 400) n`;
      await writeSecret(sql, held.dataKey, id, Buffer.from('many'));
    });
    const read = async (roleId: FullId) => held.store.secrets.read(await callerOf(roleId), id, null);
    assert.equal((await read(last)).value?.toString(), 'many');
    const refused = await read(outside);
    assert.deepEqual([refused.visible, refused.allowed, refused.value], [false, false, null]);
    await held.store.writes.transaction(
      (sql) => sql`insert into role_memberships (role_id, member_id, admin_option, ownership)
        values (${last}, ${outside}, false, false)`,
    );
    assert.equal((await read(outside)).value?.toString(), 'many');
  });

  it('read what a connection that was lost had taught anew', async () => {
    const [roleId, id] = [fullId('d', 'user', 'u'), fullId('d', 'variable', 'v')];
    await held.store.writes.transaction(async (sql) => {
      await sql`insert into roles (role_id) values (${roleId})`;
      await sql`insert into resources (resource_id, owner_id) values (${id}, ${roleId})`;
      await writeSecret(sql, held.dataKey, id, Buffer.from('x'));
    });
    const caller = await callerOf(roleId);
    assert.equal((await held.store.secrets.read(caller, id, null)).allowed, true);
    // Another database with the same epoch: as after a rewind.
    const earlier = await epoch();
    await held.store.writes.transaction(async (sql) => {
      await sql`delete from roles where role_id = ${roleId}`;
      await sql`insert into roles (role_id) values (${fullId('d', 'user', 'other')})`;
      await sql`insert into resources (resource_id, owner_id) values (${id}, ${fullId('d', 'user', 'other')})`;
    });
    await held.store.writes.transaction((sql) => sql`update rbac_epoch set epoch = ${earlier}`);
    await held.postgres.superuser`
      select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holdfast secrets'`;
    const found = await readUntilConnected(() => held.store.secrets.read(caller, id, null));
    assert.deepEqual([found.callerExists, found.visible], [false, false]);
  });

  it('see an epoch pass with each transaction that changes roles or memberships, by whatever statement', async () => {
    const owner = fullId('e', 'user', 'owner');
    const changes: readonly (readonly [string, string])[] = [
      ['a new role', `insert into roles (role_id) values ('${owner}'), ('e:group:g'), ('e:policy:p')`],
      ['another name', `update roles set role_id = 'e:group:h' where role_id = 'e:group:g'`],
      [
        'memberships that belong to a policy',
        `insert into resources (resource_id, owner_id) values ('e:policy:p', '${owner}');
         insert into role_memberships values ('e:group:h', '${owner}', false, false, 'e:policy:p')`,
      ],
      [
        'an update of memberships',
        `update role_memberships set admin_option = true where policy_id = 'e:policy:p'`,
      ],
      [
        'memberships that cascade from a policy alone',
        `delete from resources where resource_id = 'e:policy:p'`,
      ],
      [
        'a savepoint rolled back, and a change after it',
        `
         savepoint s; delete from roles where role_id = 'e:policy:p'; rollback to s;
         insert into role_memberships values ('e:group:h', '${owner}', false, false, null)`,
      ],
      ['roles that cascade', `delete from roles where role_id = '${owner}'`],
    ];
    for (const [name, statements] of changes) {
      const earlier = await epoch();
      await held.store.writes.transaction((sql) => sql.unsafe(statements));
      assert.notEqual(await epoch(), earlier, name);
    }
    const earlier = await epoch();
    await held.store.writes.transaction((sql) => sql`update resources set owner_id = owner_id`);
    assert.equal(await epoch(), earlier, 'owners are read with the secret');
  });

  it('give values of any size, and refuse more of them at once than an answer can hold', async () => {
    const [owner, stranger] = [fullId('f', 'user', 'keeper'), fullId('f', 'user', 'stranger')];
    const large = Array.from({ length: 34 }, (_, n) => fullId('f', 'variable', `large-${n}`));
    const value = Buffer.alloc(1024 * 1024, 'v');
    await held.store.writes.transaction(
      (sql) => sql`insert into roles (role_id) values (${owner}), (${stranger})`,
    );
    for (const id of large) {
      await held.store.writes.transaction(async (sql) => {
        await sql`insert into resources (resource_id, owner_id) values (${id}, ${owner})`;
        await writeSecret(sql, held.dataKey, id, value);
      });
    }
    const keeper = await callerOf(owner);
    const few = await held.store.secrets.readAll(keeper, large.slice(0, 5));
    assert.ok(few.every((read) => read.value?.equals(value) === true));
    await assert.rejects(held.store.secrets.readAll(keeper, large), /more than 32 MiB together/);
    const refused = await held.store.secrets.readAll(await callerOf(stranger), large);
    assert.ok(refused.some((read) => read.exists && !read.allowed));
    assert.ok(refused.every((read) => !read.allowed && read.value === null));
  });
});

/** The first use after a loss may hear of the loss. */
async function readUntilConnected<T>(read: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + 3000;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
    }
  }
}
