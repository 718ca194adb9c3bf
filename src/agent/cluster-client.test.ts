import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type {
  ClusterConfig,
  DeclaredMember,
  MemberReport,
  SyncRecord,
} from '../core/failover/cluster-state.ts';
import { encodeRecord } from '../core/failover/codec.ts';
import { isProblem } from '../core/problem.ts';
import type { ProblemCode } from '../core/problem-codes.ts';
import { type ClusterClient, openCluster } from './cluster-client.ts';
import type { ClusterStatus } from './operations.ts';
import { makeRoot, removeRoot, type RunningFounder, startFounder } from './testing/enrolment-lab.ts';

let root = '';
let founder: RunningFounder;
let cluster: ClusterClient;
before(async () => {
  root = await makeRoot();
  founder = await startFounder(join(root, 'n1'));
  cluster = await openCluster(founder.dir);
});
after(async () => {
  cluster.close();
  await founder[Symbol.asyncDispose]();
  await removeRoot(root);
});

const timeoutMs = 3000;
const keys = () => founder.connection.keys;
const put = (key: string, record: object) =>
  founder.connection.store.txn([], [{ kind: 'put', key, value: encodeRecord(record) }], { timeoutMs });
const erase = (key: string) => founder.connection.store.txn([], [{ kind: 'delete', key }], { timeoutMs });
const refusal = (code: ProblemCode, words: RegExp) => (error: unknown) =>
  isProblem(error, code) && words.test(error.detail);

const lineage = { data: [], audit: [] };
const leader = (name: string, term: number) => ({ name, term, bootId: 'b', hostId: 'h', lineage });

function member(name: string, kind: DeclaredMember['kind'], port: number): DeclaredMember {
  const etcd = { etcdClient: null, etcdPeer: null };
  const [api, peer, data, audit, agent] = [port, port + 1, port + 2, port + 3, port + 4];
  return { name, kind, addresses: { host: '10.0.0.9', api, peer, data, audit, agent, ...etcd } };
}

function report(
  of: DeclaredMember,
  role: string,
  lsn: bigint,
  change: Partial<MemberReport> = {},
): MemberReport {
  const instance = { state: 'running', timeline: 2, receivedLsn: lsn, streaming: role !== 'master' };
  return {
    ...of,
    bootId: 'b',
    role,
    because: `says that it is a ${role}`,
    instances: { data: instance, audit: instance },
    detachedFor: null,
    marker: false,
    ailment: null,
    ...change,
  };
}

const n2 = member('n2', 'standby', 7000);
const n3 = member('n3', 'standby', 7100);
const dr = member('dr', 'asynchronous', 7200);
const f1 = member('f1', 'follower', 7300);
const sync: SyncRecord = { term: 2, master: 'n1', standbys: ['n2'], previous: [], alone: false };

/** A cluster at work: n1 leads, n2 confirms, n3 follows, dr and f1 stream. */
async function plant(): Promise<void> {
  const n1 = { name: 'n1', kind: 'standby', addresses: founder.config.addresses } as const;
  const config: ClusterConfig = {
    ttlMs: 2000,
    beatMs: 250,
    syncCount: 1,
    strict: true,
    autoRejoin: true,
    account: 'demo',
    publicName: 'vault.example.com',
    loadBalancer: { host: '10.0.0.1', api: 443, data: 5432, audit: 5433 },
    members: [n1, n2, n3, dr, f1],
  };
  await put(keys().config, config);
  await put(keys().sync, sync);
  await put(keys().leader, leader('n1', 2));
  await put(keys().beat, { counter: 1, term: 2, ttlMs: 2000 });
  await put(keys().member('n1'), report(n1, 'master', 5000n));
  await put(keys().member('n2'), report(n2, 'standby', 4900n));
  await put(keys().member('n3'), report(n3, 'standby', 5001n));
  await put(keys().member('dr'), report(dr, 'standby', 3000n));
  await put(keys().member('f1'), report(f1, 'follower', 5000n));
}

afterEach(async () => {
  for (const key of ['leader', 'beat', 'switchover', 'forced', 'promotion'] as const)
    await erase(keys()[key]);
  for (const name of ['n1', 'n2', 'n3', 'dr', 'f1']) {
    await erase(keys().member(name));
    await erase(keys().evicted(name));
  }
});

const nodeOf = (status: ClusterStatus, name: string) => status.nodes.find((node) => node.name === name);

test('shows roles, lag and who confirms', async () => {
  await plant();
  const status = await cluster.status();
  assert.equal(status.master, 'n1');
  assert.deepEqual(
    status.nodes.map(({ name, role, synchronous, lagBytes }) => [
      name,
      role,
      synchronous,
      lagBytes.data,
      lagBytes.audit,
    ]),
    [
      ['n1', 'master', false, 0, 0],
      ['n2', 'standby', true, 100, 100],
      ['n3', 'standby', false, 0, 0],
      ['dr', 'standby', false, 2000, 2000],
      ['f1', 'follower', false, 0, null],
    ],
  );
  assert.deepEqual([nodeOf(status, 'n2')?.timelines, nodeOf(status, 'f1')?.timelines], ['2/2', '2']);
  assert.deepEqual(status.etcd, [{ name: 'n1', healthy: true, leader: true, learner: false }]);
  // One etcd voter is all that is missing.
  assert.equal(status.protected, false);
  assert.deepEqual(status.advice, [
    'etcd has one voter: with its machine the cluster stands still. Add standbys until there are three.',
  ]);
});

test('a node without a report is down, a master too, and nobody is called master then', async () => {
  await plant();
  await erase(keys().member('n1'));
  const status = await cluster.status();
  assert.equal(status.master, null);
  assert.equal(nodeOf(status, 'n1')?.role, 'down');
  assert.match(status.advice.join('\n'), /There is no master\. Down and holding every write: n1\./);
});

test('says what is unprotected, evicted, copied, cut off or unfit', async () => {
  await plant();
  const ailment = 'only 3 MB of disk are free';
  await put(keys().member('n3'), report(n3, 'standby', 1n, { ailment }));
  await put(keys().member('n2'), report(n2, 'starting', 1n, { marker: true, because: 'copying from n1' }));
  await put(keys().evicted('n3'), { term: 2, reason: 'the postmaster ended' });
  const status = await cluster.status();
  const advice = status.advice.join('\n');
  assert.match(advice, /The synchronous standby \(n2\) does not stream/);
  assert.match(advice, /n2: a rewind or copy is under way \(copying from n1\)/);
  assert.match(advice, /n3 is unfit to be master: only 3 MB of disk are free\./);
  assert.match(advice, /n3 was evicted in term 2 \(the postmaster ended\); it comes back by itself/);
  assert.equal(nodeOf(status, 'n3')?.evicted, 'the postmaster ended');
  await put(keys().sync, { ...sync, standbys: [], previous: ['n1', 'n2'] });
  assert.match(
    (await cluster.status()).advice.join('\n'),
    /No synchronous standby is confirmed: writes are refused/,
  );
});

test('a watch tells a change without being asked', async () => {
  await plant();
  const stop = new AbortController();
  const masters: (string | null)[] = [];
  await cluster.watchStatus((status) => {
    masters.push(status.master);
    if (masters.length === 1) void erase(keys().leader);
    if (status.master === null) stop.abort();
  }, stop.signal);
  assert.deepEqual(masters, ['n1', null]);
});

const asked = (
  to: string | null,
  change: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
) =>
  cluster.switchover({
    to,
    timeoutMs: change.timeoutMs ?? 5000,
    onStep: () => undefined,
    signal: change.signal ?? new AbortController().signal,
  });

test('refuses a switchover that cannot come true, with the reason', async () => {
  await plant();
  await assert.rejects(asked('n7'), refusal('member_missing', /n1, n2, n3, dr, f1/));
  await assert.rejects(asked('n1'), refusal('operation_refused', /n1 is the master already/));
  await assert.rejects(asked('dr'), refusal('operation_refused', /declared as asynchronous/));
  await assert.rejects(asked('f1'), refusal('operation_refused', /declared as follower/));
  await put(keys().member('n3'), report(n3, 'standby', 1n, { marker: true }));
  await assert.rejects(asked('n3'), refusal('operation_refused', /being copied or rewound/));
  await erase(keys().member('n3'));
  await assert.rejects(asked('n3'), refusal('operation_refused', /n3 is down/));
  await put(keys().switchover, { id: 'other', to: 'n2' });
  await assert.rejects(asked('n2'), refusal('operation_refused', /to n2 is under way already/));
  await erase(keys().switchover);
  await erase(keys().leader);
  await assert.rejects(asked(null), refusal('operation_refused', /no live master/));
});

test('follows a switchover to its end and tells each step once', async () => {
  await plant();
  const steps: string[] = [];
  const done = cluster.switchover({
    to: 'n2',
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    onStep: (sentence, atMs) => {
      assert.ok(atMs >= 0);
      steps.push(sentence);
      if (steps.length === 1) void handOver();
    },
  });
  assert.deepEqual(await done.then(({ from, to, term }) => ({ from, to, term })), {
    from: 'n1',
    to: 'n2',
    term: 3,
  });
  assert.deepEqual(steps, [
    'n1 was asked to hand over',
    'n1 has stopped and released term 2 to n2',
    'n2 is master of term 3',
    'n3 confirms its writes',
  ]);
  await erase(keys().released(2));

  async function handOver(): Promise<void> {
    const { store } = founder.connection;
    const released = { term: 2, reason: 'switchover', successor: 'n2' };
    await store.txn(
      [],
      [
        { kind: 'put', key: keys().released(2), value: encodeRecord(released) },
        { kind: 'delete', key: keys().leader },
        { kind: 'delete', key: keys().switchover },
      ],
      { timeoutMs },
    );
    await put(keys().sync, { ...sync, term: 3, master: 'n2', standbys: [], previous: ['n1', 'n2'] });
    await put(keys().leader, leader('n2', 3));
    await put(keys().sync, { ...sync, term: 3, master: 'n2', standbys: ['n3'] });
  }
});

test('takes a switchover back that nobody carries out, and says when the master gave it up', async () => {
  await plant();
  await assert.rejects(
    asked('n2', { timeoutMs: 300 }),
    refusal('command_timeout', /taken back \(n1: says that/),
  );
  assert.match((await cluster.status()).advice.join('\n'), /^(?!.*switchover)/s);
  const stop = new AbortController();
  const interrupted = asked('n2', { signal: stop.signal });
  setImmediate(() => stop.abort());
  await assert.rejects(interrupted, refusal('interrupted', /taken back/));
  const givenUp = cluster.switchover({
    to: null,
    timeoutMs: 5000,
    signal: new AbortController().signal,
    onStep: () => void erase(keys().switchover),
  });
  await assert.rejects(givenUp, refusal('operation_refused', /n1 gave the switchover up and stays master/));
});

test('forces a failover only as a last resort, and names what is lost', async () => {
  await plant();
  const force = (candidate: string, acceptLoss = true) => cluster.forceFailover({ candidate, acceptLoss });
  await assert.rejects(force('f1'), refusal('operation_refused', /no copy of the audit trail/));
  await assert.rejects(
    force('dr'),
    refusal('operation_refused', /n1, n2 is up and holds every acknowledged write/),
  );
  for (const name of ['n1', 'n2']) await erase(keys().member(name));
  const beating = setInterval(() => void put(keys().beat, { counter: 2, term: 2, ttlMs: 2000 }), 100);
  await assert.rejects(force('dr'), refusal('operation_refused', /n1 is master and beats/));
  clearInterval(beating);
  await erase(keys().leader);
  await assert.rejects(
    force('dr', false),
    refusal('operation_refused', /after 0\/BB8 in data and 0\/BB8 in audit is lost.*--accept-loss/),
  );
  const loss = await force('dr');
  assert.equal(loss.term, 3);
  assert.deepEqual(loss.keptUpTo, { data: '0/BB8', audit: '0/BB8' });
  assert.deepEqual(
    loss.further.map(({ name }) => name),
    ['f1', 'n3'],
  );
  assert.equal((await cluster.members()).find(({ name }) => name === 'dr')?.kind, 'standby');
  assert.match((await cluster.status()).advice.join('\n'), /dr was told to take over/);
});

test('removes and readmits members, but never the master', async () => {
  await plant();
  await assert.rejects(cluster.removeMember('n1'), refusal('operation_refused', /n1 is the master/));
  await assert.rejects(cluster.removeMember('n7'), refusal('member_missing', /no node "n7"/));
  await assert.rejects(cluster.rejoinMember('n3'), refusal('operation_refused', /not evicted/));
  await put(keys().evicted('n3'), { term: 2, reason: 'ended' });
  await cluster.rejoinMember('n3');
  assert.equal(nodeOf(await cluster.status(), 'n3')?.evicted, null);
  await cluster.removeMember('n3');
  assert.deepEqual(
    (await cluster.members()).map(({ name }) => name),
    ['n1', 'n2', 'dr', 'f1'],
  );
  await erase(keys().leader);
  await assert.rejects(
    cluster.removeMember('n2'),
    refusal('operation_refused', /n2 holds every acknowledged write/),
  );
});

test('changes settings with all their bounds, and writes a load balancer for them', async () => {
  await plant();
  await assert.rejects(
    cluster.setConfig({ ttlMs: 10, syncCount: 9 }),
    refusal('config_invalid', /--ttl.*--sync/),
  );
  await cluster.setConfig({ ttlMs: 8000, strict: false });
  assert.equal((await cluster.status()).ttlMs, 8000);
  assert.match(await cluster.haproxy({ listen: '127.0.0.1' }), /bind 127\.0\.0\.1:5432/);
  await cluster.setLoadBalancer(null);
  await assert.rejects(cluster.haproxy(), refusal('config_invalid', /--load-balancer/));
  assert.match(
    (await cluster.status()).advice.join('\n'),
    /f1 streams past a load balancer that is not declared/,
  );
});
