import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { confirmCommitsWait } from './commits-wait.ts';
import { replicationConninfo } from './conninfo.ts';
import { copyFrom } from './copy.ts';
import { initialise } from './initialise.ts';
import { checkpoint, switchWal } from './maintenance.ts';
import type { RunningInstance } from './running-instance.ts';
import { askServer } from './server-facts.ts';
import type { InstanceSettings, TlsFiles } from './settings.ts';
import { settleSlots, slotName } from './slots.ts';
import { placeholderName } from '../core/failover/eligibility.ts';
import { setSynchronousNames } from './synchronous.ts';
import { makeAuthority } from './testing/certificates.ts';
import {
  eventually,
  keepSession,
  type Lab,
  makeStandby,
  openLab,
  sql,
  startReady,
  upstreamOf,
} from './testing/lab.ts';
import { remoteTimelineHistory } from './timeline-history.ts';
import { runTool } from './tool.ts';
import { disconnectFromPrimary, setPrimary } from './upstream.ts';

let lab: Lab;
let primary: RunningInstance;
let standby: RunningInstance;

before(async () => {
  lab = await openLab();
  const [one, two] = [
    await lab.node('n1', { max_slot_wal_keep_size: '4MB', wal_keep_size: '0' }),
    await lab.node('n2'),
  ];
  await initialise(one);
  primary = await startReady(one, { kind: 'primary', synchronousNames: [] });
  await sql(primary, 'create table entries (n int primary key)');
  standby = await makeStandby(two, primary);
});
after(async () => {
  await lab.close();
});

test('a standby streams over mutual TLS with its slot, and both sides say so', async () => {
  await sql(primary, 'insert into entries values (1)');
  const seen = await eventually(primary, (facts) => {
    const [row] = facts.replication;
    return row !== undefined && row.state === 'streaming' && row.replayLsn === facts.flushLsn;
  });
  assert.equal(seen.replication[0]?.applicationName, 'n2');
  assert.equal(seen.replication[0]?.syncState, 'async');
  assert.deepEqual(
    seen.slots.map((slot) => [slot.name, slot.active, slot.walStatus]),
    [['holdfast_n2', true, 'reserved']],
  );
  const facts = await askServer(standby.session, 2000);
  assert.equal(facts.inRecovery, true);
  assert.equal(facts.timeline, 1);
  assert.equal(facts.replayedLsn, seen.flushLsn);
  assert.equal(facts.receivedLsn, seen.flushLsn);
  assert.equal(facts.currentLsn, null);
  assert.deepEqual(facts.synchronousStandbyNames, [placeholderName]);
  assert.equal(facts.walReceiver?.senderPort, primary.settings.port);
  assert.equal(facts.systemIdentifier, seen.systemIdentifier);
  const tls = await sql(
    primary,
    `select version, cipher is not null as encrypted, client_dn
    from pg_stat_ssl join pg_stat_replication using (pid)`,
  );
  assert.equal(tls[0]?.['encrypted'], true);
  assert.equal(tls[0]?.['client_dn'], '/CN=n2');
});

test('certificates of another authority, expired ones and none are refused; so is plain text', async () => {
  const { settings } = standby;
  const foreign = await (await makeAuthority(`${lab.root}/other-ca`, lab.runAs)).issue('n2');
  const expired = await lab.authority.issue('n2', { days: -1 });
  // The other authority's client trusts the real one: only its own certificate is wrong.
  assert.match(await knock(settings, { ...foreign, caFile: settings.tls.caFile }), /unknown ca/);
  assert.match(await knock(settings, expired), /expired/);
  assert.match(
    await knock(settings, { ...settings.tls, certFile: '/nonexistent', keyFile: '/nonexistent' }),
    /requires a valid client certificate/,
  );
  assert.match(await knock(settings, settings.tls, 'sslmode=disable'), /pg_hba.conf rejects|no encryption/);
  assert.match(await knock(settings, settings.tls, 'user=holdfast dbname=holdfast'), /rejects connection/);
  // And a server whose certificate carries another name is refused by the client.
  await assert.rejects(
    remoteTimelineHistory(
      settings,
      { ...upstreamOf(primary.settings), certificateName: 'n9' },
      { timeoutMs: 3000 },
    ),
    (error) => isProblem(error, 'instance_unavailable'),
  );
  assert.equal(await knock(settings, settings.tls), '');
});

/** Asks the primary's port with these files; what the client says when it is refused, nothing when it is let in. */
async function knock(settings: InstanceSettings, tls: TlsFiles, extra = ''): Promise<string> {
  const conninfo = replicationConninfo({ tls, nodeName: 'knock' }, upstreamOf(primary.settings));
  const target = `${conninfo.replace('dbname=replication', '')} ${extra === '' ? 'replication=true' : extra}`;
  const database = extra.includes('dbname') ? '' : ' dbname=postgres';
  try {
    await runTool({ ...settings }, ['psql', '-Xqtc', 'IDENTIFY_SYSTEM', `${target}${database}`], {
      timeoutMs: 10_000,
    });
    return '';
  } catch (error) {
    return isProblem(error) ? error.detail : String(error);
  }
}

test('another cluster is not copied', async () => {
  const stranger = await lab.node('stranger');
  const options = { systemIdentifier: '1', slotName: null, timeoutMs: 10_000 };
  await assert.rejects(copyFrom(stranger, { ...options, upstream: upstreamOf(primary.settings) }), (error) =>
    isProblem(error, 'system_mismatch'),
  );
});

test('commits wait for the standby that is required, and are let go when it confirms', async () => {
  assert.equal(primary.commitsWait, false);
  const result = await setSynchronousNames(primary, ['n2'], { timeoutMs: 5000 });
  assert.deepEqual(result, { inEffect: true, connected: ['n2'], missing: [] });
  assert.equal(primary.commitsWait, true);
  await sql(primary, 'insert into entries values (2)');

  assert.equal(await disconnectFromPrimary(standby, { timeoutMs: 2000 }), true);
  const writer = keepSession(primary);
  let done = false;
  const write = writer
    .query('insert into entries values (3)', { timeoutMs: 20_000 })
    .then(() => (done = true));
  const waiting = `select count(*)::int as n from pg_stat_activity where wait_event = 'SyncRep' and query ~ 'values .3'`;
  while ((await sql(primary, waiting))[0]?.['n'] !== 1) assert.equal(done, false);
  const target = { upstream: upstreamOf(primary.settings), slotName: slotName('n2') };
  assert.equal(await setPrimary(standby, target, { timeoutMs: 2000 }), true);
  await write;
  writer.close();
  assert.equal((await sql(standby, 'select count(*)::int as n from entries where n = 3'))[0]?.['n'], 1);
});

test('with the placeholder nothing is acknowledged, and a missing standby is named', async () => {
  const both = await setSynchronousNames(primary, [placeholderName, 'n2'], { timeoutMs: 3000 });
  assert.deepEqual(both, { inEffect: true, connected: ['n2'], missing: [] });
  const held = await sql(primary, 'insert into entries values (4)', 300).catch((error: unknown) => error);
  assert.ok(isProblem(held, 'instance_unavailable'));
  assert.equal(await confirmCommitsWait(primary, { timeoutMs: 2000 }), true);
  const withMissing = await setSynchronousNames(primary, ['n2', 'n3'], { timeoutMs: 3000 });
  assert.deepEqual(withMissing, { inEffect: true, connected: ['n2'], missing: ['n3'] });
  assert.equal((await setSynchronousNames(primary, ['n2'], { timeoutMs: 3000 })).inEffect, true);
  await sql(primary, 'insert into entries values (5)');
  assert.equal((await setSynchronousNames(primary, [], { timeoutMs: 3000 })).inEffect, true);
  assert.equal(primary.commitsWait, false);
});

test('a standby is cut off from its primary within moments, again and again', async () => {
  const target = { upstream: upstreamOf(primary.settings), slotName: slotName('n2') };
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    await eventually(standby, (facts) => facts.walReceiver?.status === 'streaming');
    const began = performance.now();
    assert.equal(await disconnectFromPrimary(standby, { timeoutMs: 1000 }), true);
    times.push(Math.round(performance.now() - began));
    const cut = await askServer(standby.session, 2000);
    assert.equal(cut.walReceiverAlive, false);
    assert.equal(cut.primaryConninfo, '');
    // At once, so that some rounds meet a receiver that is only just being made.
    await setPrimary(standby, target, { timeoutMs: 2000 });
    if (round % 2 === 0) assert.equal(await disconnectFromPrimary(standby, { timeoutMs: 1000 }), true);
    if (round % 2 === 0) await setPrimary(standby, target, { timeoutMs: 2000 });
  }
  assert.ok(Math.max(...times) < 500, `${times.join(', ')} ms`);
  await eventually(standby, (facts) => facts.walReceiver?.status === 'streaming');
});

test('slots are made on standbys too, moved forward, and dropped when nobody is named by them', async () => {
  const names = [slotName('n1'), slotName('n-3')];
  const made = await settleSlots(standby, { names }, { timeoutMs: 2000 });
  assert.deepEqual(made.created, ['holdfast_n1', 'holdfast_n_2d_3']);
  const earlier = await askServer(standby.session, 2000);
  await sql(primary, 'insert into entries select generate_series(100, 400)');
  const end = await switchWal(primary, { timeoutMs: 2000 });
  await eventually(standby, (facts) => facts.replayedLsn !== null && facts.replayedLsn >= end);
  const advanced = await settleSlots(
    standby,
    { names: names.slice(0, 1), advanceTo: { holdfast_n1: end, holdfast_n_2d_3: end } },
    { timeoutMs: 2000 },
  );
  assert.deepEqual(advanced, {
    created: [],
    dropped: ['holdfast_n_2d_3'],
    advanced: ['holdfast_n1'],
    lost: [],
  });
  const { slots } = await askServer(standby.session, 2000);
  assert.deepEqual(
    slots.map((slot) => slot.name),
    ['holdfast_n1'],
  );
  const old = earlier.slots.find((slot) => slot.name === 'holdfast_n1')?.restartLsn ?? null;
  const now = slots[0]?.restartLsn ?? null;
  assert.ok(old !== null && now !== null && now > old);
});

test('a slot that lost its log is reported, and made anew', async () => {
  const names = [slotName('n2'), slotName('gone')];
  await settleSlots(primary, { names }, { timeoutMs: 2000 });
  for (let round = 0; round < 5; round += 1) {
    await sql(primary, `select pg_logical_emit_message(true, 'test', 'x')`);
    await switchWal(primary, { timeoutMs: 5000 });
  }
  await checkpoint(primary, { timeoutMs: 10_000 });
  const { slots } = await askServer(primary.session, 2000);
  assert.equal(slots.find((slot) => slot.name === slotName('gone'))?.walStatus, 'lost');
  const changes = await settleSlots(primary, { names }, { timeoutMs: 2000 });
  assert.deepEqual(changes, {
    created: [slotName('gone')],
    dropped: [slotName('gone')],
    advanced: [],
    lost: [slotName('gone')],
  });
});
