import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { copyFrom } from './copy.ts';
import { readControlData } from './control-data.ts';
import { initialise } from './initialise.ts';
import { discardMovedAside, putBack } from './moved-aside.ts';
import { observe } from './observe.ts';
import { promote } from './promote.ts';
import { rewindTo } from './rewind.ts';
import type { RunningInstance } from './running-instance.ts';
import { askServer } from './server-facts.ts';
import type { InstanceSettings } from './settings.ts';
import { settleSlots, slotName } from './slots.ts';
import { startInstance } from './start.ts';
import { setSynchronousNames } from './synchronous.ts';
import { placeholderName } from '../core/failover/eligibility.ts';
import { eventually, type Lab, makeStandby, openLab, sql, startReady, upstreamOf } from './testing/lab.ts';
import { localTimelineHistory, remoteTimelineHistory } from './timeline-history.ts';
import { historyFileName, skipTimelines } from './timeline-stubs.ts';
import { disconnectFromPrimary, setPrimary } from './upstream.ts';

let lab: Lab;
let nodes: readonly [InstanceSettings, InstanceSettings, InstanceSettings];
let lateNode: InstanceSettings;
let n1: RunningInstance;
let n2: RunningInstance;
let n3: RunningInstance;

before(async () => {
  lab = await openLab();
  nodes = [await lab.node('n1'), await lab.node('n2'), await lab.node('n3')];
  await initialise(nodes[0]);
  n1 = await startReady(nodes[0], { kind: 'primary', synchronousNames: [] });
  await sql(n1, 'create table entries (name text primary key)');
  n2 = await makeStandby(nodes[1], n1);
  n3 = await makeStandby(nodes[2], n1);
});
after(async () => {
  await lab.close();
});

function standbyOf(primary: RunningInstance, settings: InstanceSettings) {
  const upstream = upstreamOf(primary.settings);
  return { kind: 'standby', upstream, slotName: slotName(settings.nodeName) } as const;
}

async function follow(standby: RunningInstance, primary: RunningInstance, timeline: number): Promise<void> {
  await eventually(
    standby,
    (facts) =>
      facts.walReceiver?.status === 'streaming' &&
      facts.walReceiver.senderPort === primary.settings.port &&
      facts.timeline === timeline,
  );
}

async function names(running: RunningInstance): Promise<unknown> {
  return (await sql(running, `select string_agg(name, ' ' order by name) as names from entries`))[0]?.[
    'names'
  ];
}

test('a standby is promoted onto the planned timeline; nothing is acknowledged until a standby is required', async () => {
  await sql(n1, `insert into entries values ('before')`);
  const { flushLsn } = await askServer(n1.session, 2000);
  await eventually(n2, (facts) => facts.replayedLsn === flushLsn);
  assert.equal(await disconnectFromPrimary(n2, { timeoutMs: 1000 }), true);
  // The old primary goes on for a while, and n3 with it: both are ahead of what n2 will begin.
  await sql(n1, `insert into entries values ('lost')`);
  const ahead = await askServer(n1.session, 2000);
  await eventually(n3, (facts) => facts.replayedLsn === ahead.flushLsn);
  assert.deepEqual(await n1.killAll({ timeoutMs: 2000 }), { dead: true });
  assert.deepEqual(await n3.killAll({ timeoutMs: 2000 }), { dead: true });

  await settleSlots(n2, { names: [slotName('n1'), slotName('n3')] }, { timeoutMs: 2000 });
  await skipTimelines(n2.settings, 5);
  const promotion = await promote(n2, { timeoutMs: 5000 });
  assert.equal(promotion.timeline, 5);
  const report = await askServer(n2.session, 2000);
  assert.equal(report.timeline, 5);
  assert.equal(report.inRecovery, false);
  assert.deepEqual(report.synchronousStandbyNames, [placeholderName]);
  const held = await sql(n2, `insert into entries values ('after')`, 300).catch((error: unknown) => error);
  assert.ok(isProblem(held, 'instance_unavailable'));
});

test('what is ahead of the new primary is known by the timeline history', async () => {
  const remote = await remoteTimelineHistory(nodes[0], upstreamOf(nodes[1]), { timeoutMs: 3000 });
  assert.equal(remote.inRecovery, false);
  assert.equal(remote.timeline, 5);
  assert.deepEqual(remote.history, await localTimelineHistory(nodes[1], 5));
  const [left] = remote.history.ancestors;
  assert.equal(left?.timeline, 1);
  const control = await readControlData(nodes[0]);
  assert.equal(control.timeline, 1);
});

test('the killed primary and the killed standby ahead are rewound, and stream', async () => {
  for (const settings of [nodes[0], nodes[2]]) {
    assert.deepEqual(await rewindTo(settings, { upstream: upstreamOf(nodes[1]), timeoutMs: 30_000 }), {
      rewound: true,
    });
  }
  n1 = await startReady(nodes[0], standbyOf(n2, nodes[0]));
  n3 = await startReady(nodes[2], standbyOf(n2, nodes[2]));
  await follow(n1, n2, 5);
  await follow(n3, n2, 5);
  assert.equal((await setSynchronousNames(n2, ['n3'], { timeoutMs: 3000 })).inEffect, true);
  await sql(n2, `insert into entries values ('later')`);
  assert.equal(await names(n3), 'after before later');
});

test('after a switchover the others follow by reload, over the skipped numbers, and the old primary without a rewind', async () => {
  const stopped = await n2.stop('fast', { timeoutMs: 10_000 });
  assert.equal(stopped.clean, true);
  const { checkpointLsn } = await readControlData(nodes[1]);
  await eventually(n3, (facts) => facts.receivedLsn !== null && facts.receivedLsn > checkpointLsn);
  await settleSlots(n3, { names: [slotName('n1'), slotName('n2')] }, { timeoutMs: 2000 });
  await skipTimelines(n3.settings, 9);
  assert.equal((await promote(n3, { timeoutMs: 5000 })).timeline, 9);
  const target = { upstream: upstreamOf(nodes[2]), slotName: slotName('n1') };
  const began = performance.now();
  assert.equal(await setPrimary(n1, target, { timeoutMs: 1000 }), true);
  await follow(n1, n3, 9);
  assert.ok(performance.now() - began < 10_000);
  n2 = await startReady(nodes[1], standbyOf(n3, nodes[1]));
  await follow(n2, n3, 9);
  assert.equal((await setSynchronousNames(n3, ['n2', 'n1'], { timeoutMs: 3000 })).inEffect, true);
  await sql(n3, `insert into entries values ('again')`);
  assert.equal(await names(n1), 'after again before later');
  assert.equal(await names(n2), 'after again before later');
});

test('a standby that another streams from takes the names that it will require', async () => {
  assert.equal(
    await setPrimary(n1, { upstream: upstreamOf(nodes[1]), slotName: null }, { timeoutMs: 1000 }),
    true,
  );
  await eventually(n2, (facts) => facts.replication.some(({ applicationName }) => applicationName === 'n1'));
  const required = [placeholderName, 'n1'];
  assert.equal((await setSynchronousNames(n2, required, { timeoutMs: 3000 })).inEffect, true);
  await setPrimary(n1, { upstream: upstreamOf(nodes[2]), slotName: slotName('n1') }, { timeoutMs: 1000 });
  await follow(n1, n3, 9);
});

test('a standby with the stubs of an abandoned promotion goes on, and starts again', async () => {
  await skipTimelines(n1.settings, 14);
  await sql(n3, `insert into entries values ('more')`);
  assert.equal((await n1.stop('fast', { timeoutMs: 10_000 })).clean, true);
  n1 = await startReady(nodes[0], standbyOf(n3, nodes[0]));
  await follow(n1, n3, 9);
  const left = await readdir(`${nodes[0].dir}/pgdata/pg_wal`);
  assert.equal(left.includes(historyFileName(13)), false);
  assert.equal(left.includes(historyFileName(9)), true);
});

test('a node that was copied since is promoted far ahead, and the others follow it', async () => {
  lateNode = await lab.node('n4');
  await setSynchronousNames(n3, ['n2'], { timeoutMs: 3000 });
  const n4 = await makeStandby(lateNode, n3);
  assert.equal(await disconnectFromPrimary(n1, { timeoutMs: 1000 }), true);
  assert.equal((await n3.stop('fast', { timeoutMs: 10_000 })).clean, true);
  await settleSlots(n4, { names: ['n1', 'n2', 'n3'].map(slotName) }, { timeoutMs: 2000 });
  await skipTimelines(lateNode, 20);
  assert.equal((await promote(n4, { timeoutMs: 5000 })).timeline, 20);
  await setPrimary(n1, { upstream: upstreamOf(lateNode), slotName: slotName('n1') }, { timeoutMs: 1000 });
  await follow(n1, n4, 20);
});

test('a copy replaces a half-rewound directory, and is put back or proven', async () => {
  const [, two, three] = nodes;
  await n2.stop('fast', { timeoutMs: 10_000 });
  const cutShort = { upstream: upstreamOf(lateNode), timeoutMs: 5000, signal: AbortSignal.abort() };
  await assert.rejects(rewindTo(two, cutShort), (error) => isProblem(error, 'rewind_failed'));
  await assert.rejects(startInstance(two, { role: standbyOf(n1, two) }), (error) =>
    isProblem(error, 'instance_failed'),
  );
  await assert.rejects(rewindTo(two, { upstream: upstreamOf(three), timeoutMs: 5000 }), (error) =>
    isProblem(error, 'instance_failed'),
  );
  const { systemIdentifier } = await readControlData(two);
  // n1 is a standby: a copy can be taken from it as well.
  const copy = { upstream: upstreamOf(nodes[0]), systemIdentifier, slotName: null, timeoutMs: 30_000 };
  const dead = { ...copy, upstream: upstreamOf(three) };
  await assert.rejects(copyFrom(two, dead), (error) => isProblem(error, 'instance_unavailable'));
  await copyFrom(two, copy);
  assert.deepEqual((await readdir(two.dir)).sort(), ['copying', 'pgdata', 'pgdata.old-1']);
  await putBack(two);
  assert.deepEqual((await readdir(two.dir)).sort(), ['pgdata', 'rewinding']);

  await copyFrom(two, copy);
  n2 = await startReady(two, { ...standbyOf(n1, two), slotName: null });
  const report = await observe({ settings: two, running: n2 }, { timeoutMs: 1000 });
  assert.equal(report.interruption?.startable, true);
  await follow(n2, n1, 20);
  await discardMovedAside(two);
  assert.deepEqual((await readdir(two.dir)).sort(), ['pgdata']);
  assert.equal((await observe({ settings: two, running: n2 }, { timeoutMs: 1000 })).interruption, null);
});
