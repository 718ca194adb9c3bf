import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { DeclaredMember } from '../core/failover/cluster-state.ts';
import { isProblem } from '../core/problem.ts';
import type { ProblemCode } from '../core/problem-codes.ts';
import { readCluster } from './cluster-state-access.ts';
import { lockDirectory } from './directory-lock.ts';
import { initialiseNode } from './initialise-node.ts';
import { type KnownCluster, readKnownCluster, writeKnownCluster } from './known-cluster.ts';
import { type NodeLayout, nodeLayout } from './layout.ts';
import { type NodeConfig, readNodeConfig, writeNodeConfig } from './node-config.ts';
import { recoverNode } from './recover-node.ts';
import { requireNoHalfRecovery, writeRecoveryMark } from './recovery-mark.ts';
import { freePort } from './testing/tiny-node.ts';
import { initOptions, makeRoot, removeRoot, startFounderAgain } from './testing/enrolment-lab.ts';

let root = '';
let layout: NodeLayout;
let config: NodeConfig;
let gone: DeclaredMember;
before(async () => {
  root = await makeRoot();
  layout = nodeLayout(join(root, 'n1'));
  await initialiseNode(await initOptions(layout.dir));
  config = await readNodeConfig(layout.dir);
  const addresses = { ...config.addresses, agent: await freePort(), etcdClient: await freePort() };
  const [api, peer, etcdPeer] = [await freePort(), await freePort(), await freePort()];
  gone = { name: 'n2', kind: 'standby', addresses: { ...addresses, api, peer, etcdPeer } };
});
after(() => removeRoot(root));
beforeEach(() => writeKnownCluster(layout, known([gone])));

/** As n1 knew the cluster last, with the others that it had. */
function known(others: readonly DeclaredMember[]): KnownCluster {
  return {
    version: 1,
    seenAt: '2026-01-02T03:04:05.000Z',
    config: {
      ttlMs: 2000,
      beatMs: 250,
      syncCount: 1,
      strict: true,
      autoRejoin: true,
      account: config.account,
      publicName: config.publicName,
      loadBalancer: null,
      members: [{ name: 'n1', kind: 'standby', addresses: config.addresses }, ...others],
    },
    sync: { term: 4, master: 'n2', standbys: ['n1'], previous: [], alone: false },
    leader: { name: 'n2', term: 4 },
    history: [],
  };
}

const recover = (acceptLoss = true) =>
  recoverNode({
    dir: layout.dir,
    acceptLoss,
    etcdPorts: { client: null, peer: null },
    onLoss: () => undefined,
    onStep: () => undefined,
    signal: new AbortController().signal,
  });
const refusal = (code: ProblemCode, words: RegExp) => (error: unknown) =>
  isProblem(error, code) && words.test(error.detail);

test('refuses a follower, and a cluster whose etcd is not its own', async () => {
  const cases: readonly (readonly [Partial<NodeConfig>, RegExp])[] = [
    [{ kind: 'follower' }, /n1 is a follower/u],
    [
      { etcd: { mode: 'external', endpoints: ['https://etcd:2379'] } },
      /Bring that etcd back.*failover --force/u,
    ],
  ];
  try {
    for (const [change, words] of cases) {
      await writeNodeConfig(layout.dir, { ...config, ...change });
      await assert.rejects(recover(), refusal('operation_refused', words));
    }
  } finally {
    await writeNodeConfig(layout.dir, config);
  }
});

test('refuses while the node runs, and leaves its lock alone', async () => {
  const lock = await lockDirectory(layout);
  await assert.rejects(recover(), refusal('directory_in_use', /is run by another/u));
  assert.ok((await readdir(layout.state)).includes('guardian.lock'));
  await lock.release();
});

test('refuses where nothing is known, and where nothing is lost', async () => {
  await rm(join(layout.state, 'cluster.json'));
  await assert.rejects(recover(), refusal('operation_refused', /has never seen its cluster/u));
  await writeKnownCluster(layout, known([]));
  await assert.rejects(recover(), refusal('operation_refused', /nothing is lost. Start it/u));
});

test('refuses databases that are not whole', async () => {
  const marker = join(layout.instances.audit, 'rewinding');
  await writeFile(marker, '');
  await assert.rejects(recover(), refusal('operation_refused', /audit database.*a rewind was interrupted/u));
  await rm(marker);
});

test('refuses while a majority of etcd answers', async () => {
  await using founder = await startFounderAgain(layout.dir);
  assert.ok(founder.url);
  await assert.rejects(
    recover(),
    refusal('operation_refused', /majority of etcd answers.*failover --force/u),
  );
});

test('says what would be lost and touches nothing, unless that is accepted', async () => {
  const names = await readdir(layout.dir);
  await assert.rejects(
    recover(false),
    refusal('operation_refused', /every write after 0\/\w+ in data.*n1 was one of those.*--accept-loss/u),
  );
  assert.deepEqual(await readdir(layout.dir), names);
  await requireNoHalfRecovery(layout);
});

test('makes an etcd anew that knows this node alone, whatever an earlier attempt left', async () => {
  const mark = { state: 'begun', begunAt: '', abandoned: 'etcd.abandoned-x', etcdToken: 'lab-x' } as const;
  await writeRecoveryMark(layout, { ...mark, known: known([gone]) });
  await assert.rejects(requireNoHalfRecovery(layout), refusal('operation_refused', /stopped half-way/u));
  await writeFile(join(layout.state, 'etcd-endpoints.json'), '{"endpoints":["https://127.0.0.1:1"]}');
  const done = await recover();
  assert.deepEqual([done.justNow, done.lost, done.mayIssue], [true, ['n2'], true]);
  assert.ok((await readdir(join(layout.dir, 'etcd.abandoned-x'))).includes('member'));
  assert.ok(!(await readdir(layout.state)).includes('etcd-endpoints.json'));
  const next = await readNodeConfig(layout.dir);
  assert.deepEqual(
    [next.kind, next.etcdToken, next.etcd.endpoints],
    ['standby', 'lab-x', config.etcd.endpoints],
  );
  {
    await using founder = await startFounderAgain(layout.dir);
    const state = await readCluster(founder.connection);
    assert.deepEqual(
      state.config.value.members.map(({ name }) => name),
      ['n1'],
    );
    assert.deepEqual([state.sync.value.master, state.sync.value.previous], ['n1', ['n1']]);
    assert.deepEqual([state.leader, state.forced, state.promotion], [null, null, null]);
    assert.equal(state.history.at(-1)?.value.forced, true);
    assert.equal((await founder.connection.membership.memberList({ timeoutMs: 3000 })).length, 1);
  }
  await writeKnownCluster(layout, { ...known([]), history: [] }); // as the agent has seen it since
  const file = await readFile(layout.config, 'utf8');
  const again = await recover();
  assert.equal(again.justNow, false);
  assert.equal(await readFile(layout.config, 'utf8'), file);
  assert.equal((await readKnownCluster(layout))?.sync.term, 4);
});
