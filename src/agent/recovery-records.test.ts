import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeclaredMember, NodeAddresses, NodeKind } from '../core/failover/cluster-state.ts';
import { clusterKeys } from '../core/failover/keys.ts';
import { holdsEveryWrite } from '../core/failover/eligibility.ts';
import type { KnownCluster } from './known-cluster.ts';
import { lossSentence } from './recovery-checks.ts';
import { followersKept, type RecoveryFacts, recoveryRecords, recoveryWrites } from './recovery-records.ts';
import { clusterConfig } from './testing/cluster-config.ts';

function addresses(etcdClient: number | null): NodeAddresses {
  const etcdPeer = etcdClient === null ? null : etcdClient + 1;
  return { host: '10.0.0.1', api: 1, peer: 2, data: 3, audit: 4, agent: 5, etcdClient, etcdPeer };
}

function member(name: string, kind: NodeKind = 'standby'): DeclaredMember {
  return { name, kind, addresses: addresses(kind === 'standby' ? 2379 : null) };
}

const known: KnownCluster = {
  version: 1,
  seenAt: '2026-01-02T03:04:05.000Z',
  config: clusterConfig({
    members: [
      member('n1'),
      member('n2'),
      member('n3'),
      member('dr1', 'asynchronous'),
      member('f1', 'follower'),
    ],
  }),
  sync: { term: 6, master: 'n1', standbys: ['n2'], previous: [], alone: false },
  leader: { name: 'n1', term: 6 },
  history: [6].map((term) => ({
    term,
    from: 'n2',
    to: 'n1',
    why: 'asked for',
    timelines: { data: 8, audit: 7 },
    forced: false,
    switchLsn: null,
  })),
};

const facts = (change: Partial<RecoveryFacts> = {}): RecoveryFacts => ({
  name: 'n3',
  addresses: addresses(2379),
  known,
  record: { claimedTerm: 0, planned: null },
  lsn: { data: 0x3000148n, audit: 0x2000028n },
  timelines: { data: 8, audit: 7 },
  ...change,
});

test('the recovered node is the only one that can begin a term, and the lost ones can never', () => {
  const { config, sync } = recoveryRecords(facts());
  assert.deepEqual(
    config.members.map(({ name, kind }) => [name, kind]),
    [
      ['n3', 'standby'],
      ['f1', 'follower'],
    ],
  );
  for (const name of ['n1', 'n2', 'dr1']) assert.equal(holdsEveryWrite(name, sync), false);
  assert.equal(holdsEveryWrite('n3', sync), true);
  assert.equal(sync.alone, false, 'strict: no write without a standby');
});

test('terms and timelines leave room for those that the node never heard of', () => {
  const { sync, history } = recoveryRecords(
    facts({ record: { claimedTerm: 9, planned: { data: 12, audit: 3 } }, timelines: { data: 8, audit: 20 } }),
  );
  assert.ok(sync.term > 10);
  assert.equal(history.at(-1)?.term, sync.term);
  const timelines = history.at(-1)?.timelines ?? { data: 0, audit: 0 };
  assert.ok(timelines.data > 12 + 1 && timelines.audit > 20 + 1);
});

test('the loss is written down with positions', () => {
  const last = recoveryRecords(facts()).history.at(-1);
  assert.equal(last?.forced, true);
  assert.match(last?.why ?? '', /after 0\/3000148 in data and 0\/2000028 in audit/u);
  assert.equal(last?.from, 'n1');
});

test('a master that never had a standby goes on alone', () => {
  const sync = { term: 2, master: 'n3', standbys: [], previous: [], alone: true };
  assert.equal(recoveryRecords(facts({ known: { ...known, sync } })).sync.alone, true);
  assert.equal(recoveryRecords(facts({ name: 'n2', known: { ...known, sync } })).sync.alone, false);
});

test('followers stay where they can find the new etcd, and not where it was never announced', () => {
  assert.deepEqual(
    followersKept(facts()).map(({ name }) => name),
    ['f1'],
  );
  assert.deepEqual(followersKept(facts({ name: 'dr1' })), []);
});

test('many terms fit into one transaction of etcd (128 operations)', () => {
  const terms = Array.from({ length: 50 }, (_, at) => at + 1);
  const history = terms.flatMap((term) => known.history.map((one) => ({ ...one, term })));
  const writes = recoveryWrites(clusterKeys('lab'), recoveryRecords(facts({ known: { ...known, history } })));
  assert.ok(writes.length > 50 && writes.length <= 128);
  assert.equal(new Set(writes.map(({ key }) => key)).size, writes.length);
});

test('the sentence says who had to confirm writes, and whether this node did', () => {
  const end = { timeline: 8, lsn: 0x3000148n, exact: true };
  const ends = { data: end, audit: end };
  assert.match(
    lossSentence('n3', known, ends),
    /every write after 0\/3000148 in data.*at 2026-01-02.*n1 was master of term 6 and n2 had to confirm every write: n3 was not among/u,
  );
  assert.match(lossSentence('n2', known, ends), /n2 was one of those that held every acknowledged write/u);
  const cut = { ...ends, data: { ...end, exact: false } };
  assert.match(lossSentence('n2', known, cut), /could not be read to its end/u);
});
