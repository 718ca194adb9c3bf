import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { FullId } from '../../core/ids.ts';
import { holdHostFactoryToken } from '../../store/host-factory-tokens.ts';
import { lockPolicies } from '../../store/policy-versions.ts';
import { Secret } from '../../core/secret.ts';
import { type Ask, askerFor } from '../testing/asker.ts';
import { type Gate, newGate, untilWaitingForLocks } from '../testing/gate.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import { writeAs } from './write-as.ts';

const rights = `
- !user alice
- !permit { role: !user alice, privileges: [ read, execute, update ], resource: !variable v }
- !permit { role: !user alice, privileges: [ create, update ], resource: !policy root }
- !permit { role: !user alice, privilege: read, resource: !group g }
`;
const policy = `
- !variable v
- !group g
- !layer l
- !host-factory { id: factory, layers: [ !layer l ] }
${rights}
`;
const deletion = '- !delete { record: !user alice }';

describe('the role that a write speaks for', { timeout: 60_000 }, () => {
  let server: TestServer;
  let admin: Ask;
  let alice: Ask;

  before(async () => {
    server = await startTestServer();
    await server.load(policy);
    admin = await askerFor(server, 'admin', server.adminApiKey.reveal());
  });
  beforeEach(async () => {
    await admin('PATCH /policies/demo/policy/root', deletion);
    alice = await askerFor(server, 'alice', (await server.load(rights)).get('demo:user:alice'));
  });
  after(() => server.stop());

  const versions = async (): Promise<number> => {
    const shown = await admin('GET /resources/demo/variable/v');
    return shown.json<{ secrets: unknown[] }>().secrets.length;
  };
  const incarnation = async (): Promise<string> => {
    const [row] = await server.store.reads.run(
      (sql) =>
        sql<{ incarnation: string }[]>`select incarnation from roles where role_id = 'demo:user:alice'`,
    );
    return row?.incarnation ?? '';
  };
  /** A transaction that has deleted alice and is not over until the gate opens. */
  const deleteUntil = async (over: Gate): Promise<{ readonly done: Promise<void> }> => {
    const deleted = newGate();
    const done = server.store.writes.transaction(async (sql) => {
      await sql`delete from roles where role_id = 'demo:user:alice'`;
      deleted.open();
      await over.opened;
    });
    await Promise.race([deleted.opened, done]);
    return { done };
  };

  it('cannot be deleted before the write is committed: the deletion waits', async () => {
    const started = newGate();
    const finish = newGate();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an id as a test writes it
    const caller = { roleId: 'demo:user:alice' as FullId, incarnation: await incarnation(), issuedAt: 0 };
    const earlier = await versions();
    const writing = writeAs(server.context, caller, async (sql) => {
      started.open();
      await finish.opened;
      await sql`insert into secrets (resource_id, version, value) values ('demo:variable:v', ${earlier + 1}, '\\x00')`;
    });
    await started.opened;
    let answered = false;
    const deleted = admin('PATCH /policies/demo/policy/root', deletion).finally(() => {
      answered = true;
    });
    await untilWaitingForLocks(server, 1);
    assert.equal(answered, false);
    finish.open();
    await writing;
    assert.equal((await deleted).statusCode, 201);
    assert.equal(await versions(), earlier + 1);
    assert.equal((await alice('POST /secrets/demo/variable/v', 'late')).statusCode, 403);
  });

  it('is asked for again after a deletion that was under way: the write is refused', async () => {
    const over = newGate();
    const earlier = await versions();
    const { done } = await deleteUntil(over);
    const writes = [
      alice('POST /secrets/demo/variable/v', 'late'),
      alice('POST /roles/demo/group/g?members&member=demo:user:admin'),
      alice('POST /policies/demo/policy/root', '- !variable late'),
    ];
    await untilWaitingForLocks(server, writes.length);
    over.open();
    await done;
    for (const answer of await Promise.all(writes))
      assert.deepEqual([answer.statusCode, answer.body], [403, '']);
    assert.equal(await versions(), earlier);
  });

  const v2 = { accept: 'application/x.secretsmgr.v2beta+json', 'content-type': 'application/json' };
  const grants = {
    'a membership': (ask: Ask) => ask('POST /roles/demo/group/g?members&member=demo:user:admin'),
    'a membership of version 2': (ask: Ask) =>
      ask('POST /groups/demo/g/members', '{"kind":"user","id":"admin"}', v2),
    'a branch': (ask: Ask) => ask('POST /branches/demo', '{"name":"b","branch":"/"}', v2),
  };
  for (const [what, grant] of Object.entries(grants)) {
    it(`holds nothing up, writing ${what}, while a policy load that deletes it is under way`, async () => {
      await endsAfterLoad(grant);
    });
  }
  async function endsAfterLoad(grant: (ask: Ask) => ReturnType<Ask>): Promise<void> {
    const locked = newGate();
    const over = newGate();
    const load = server.store.writes.transaction(async (sql) => {
      await lockPolicies(sql, 'demo');
      locked.open();
      await over.opened;
      await sql`delete from roles where role_id = 'demo:user:alice'`; // a deadlock, were her row held already
    });
    await locked.opened;
    const adding = grant(alice);
    await untilWaitingForLocks(server, 1);
    over.open();
    await load;
    assert.equal((await adding).statusCode, 403);
  }

  it('may be a host factory token: it cannot be revoked before its host is made', async () => {
    const form = `host_factory=demo:host_factory:factory&expiration=2050-01-01`;
    const made = await admin('POST /host_factory_tokens', form);
    const token = made.json<{ token: string }[]>()[0]?.token ?? '';
    const started = newGate();
    const finish = newGate();
    const holding = server.store.writes.transaction(async (sql) => {
      assert.ok(await holdHostFactoryToken(sql, server.dataKey, new Secret(token)));
      started.open();
      await finish.opened;
    });
    await started.opened;
    const revoked = admin(`DELETE /host_factory_tokens/${token}`);
    await untilWaitingForLocks(server, 1);
    finish.open();
    await holding;
    assert.equal((await revoked).statusCode, 204);
  });
});
