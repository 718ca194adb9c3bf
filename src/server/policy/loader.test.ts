import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { fullId } from '../../core/ids.ts';
import { type ProvisionedStore, startProvisionedStore } from '../../store/testing/provisioned-store.ts';
import type { LoadJob } from './job.ts';
import { PolicyLoader } from './loader.ts';

let provisioned: ProvisionedStore;
before(async () => {
  provisioned = await startProvisionedStore();
});
after(() => provisioned.stop());

function job(text: string): LoadJob {
  return {
    kind: 'load',
    mode: 'append',
    privilege: 'create',
    policyId: fullId('demo', 'policy', 'root'),
    caller: { roleId: fullId('demo', 'user', 'admin'), incarnation: null, issuedAt: 4_000_000_000 },
    text: Buffer.from(text),
    hostsNameApiKey: false,
    address: '127.0.0.1',
    requestId: 'req-1',
    nowMs: 1_700_000_000_000,
  };
}

async function loaders(): Promise<number> {
  const rows = await provisioned.postgres.superuser`
    select from pg_stat_activity where application_name in ('holdfast snapshot', 'holdfast policy load', 'holdfast policy audit')`;
  return rows.length;
}

test('gives a job up that takes too long, writes nothing of it, and does the next one', async () => {
  const loader = new PolicyLoader(
    { ...provisioned.addresses, dataKey: provisioned.dataKey },
    { jobMs: 1500 },
  );
  const held = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const holding = provisioned.store.writes.transaction(async (sql) => {
    await sql`select from roles where role_id = 'demo:user:admin' for update`;
    begun.resolve();
    await held.promise;
  });
  await begun.promise;
  await assert.rejects(loader.run(job('- !group late')), (error: unknown) => {
    assert.ok(isProblem(error, 'store_unavailable'), String(error));
    assert.match(error.detail, /nothing was written/);
    return true;
  });
  held.resolve();
  await holding;
  const answer = await loader.run(job('- !group next'));
  assert.equal(answer.status, 201);
  const rows = await provisioned.store.reads.run(
    (sql) => sql`select from roles where role_id = 'demo:group:late'`,
  );
  assert.equal(rows.length, 0);
  await loader.end();
  await assert.rejects(loader.run(job('- !group after')), (error: unknown) =>
    isProblem(error, 'interrupted'),
  );
});

test('leaves nothing at work in the database for a load that took too long there', async () => {
  const loader = new PolicyLoader(
    { ...provisioned.addresses, dataKey: provisioned.dataKey },
    { writeMs: 1500 },
  );
  const list = (tag: string): string =>
    Array.from({ length: 900 }, (_, i) => `!${tag} ${tag}${i}`).join(', ');
  const text = `- [${list('user')}]\n- [${list('group')}]\n- !grant {roles: [${list('group')}], members: [${list('user')}]}`;
  await assert.rejects(loader.run(job(text)), (error: unknown) => isProblem(error, 'store_unavailable'));
  assert.equal((await loader.run(job('- !group after-it'))).status, 201);
  const [row] = await provisioned.store.reads.run(
    (sql) => sql<{ n: number }[]>`select count(*)::int n from roles where role_id ~ 'group:group'`,
  );
  assert.equal(row?.n, 0);
  await loader.end();
});

test('keeps no more bytes of waiting texts than its bound, and tells the rest to come again', async () => {
  const loader = new PolicyLoader(
    { ...provisioned.addresses, dataKey: provisioned.dataKey },
    { waitingBytes: 3000 },
  );
  const text = (name: string): string => `- !group ${name} # ${'x'.repeat(1000)}`;
  const runs = ['one', 'two', 'three', 'four'].map((name) => loader.run(job(text(name))));
  const outcomes = await Promise.allSettled(runs);
  const refused = outcomes.map((one) => one.status === 'rejected' && isProblem(one.reason, 'policy_busy'));
  assert.deepEqual(refused, [false, false, false, true]);
  assert.equal((await loader.run(job(text('five')))).status, 201, 'nothing waits any more');
  await loader.end();
});

test('ends its thread, and the connections of it, when nothing is left to do', async () => {
  const others = await loaders();
  const loader = new PolicyLoader(
    { ...provisioned.addresses, dataKey: provisioned.dataKey },
    { idleMs: 100 },
  );
  assert.equal((await loader.run(job('- !group g'))).status, 201);
  assert.ok((await loaders()) > others);
  const giveUpAt = performance.now() + 10_000;
  while ((await loaders()) > others) assert.ok(performance.now() < giveUpAt, 'the connections stay');
  assert.equal((await loader.run(job('- !group h'))).status, 201);
  await loader.end();
});
