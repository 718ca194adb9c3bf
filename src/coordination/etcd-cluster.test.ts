import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ClusterStore } from '../core/coordination/cluster-store.ts';
import { isProblem } from '../core/problem.ts';
import type { EtcdTlsFiles } from './etcd-endpoints.ts';
import type { EtcdGateway } from './etcd-gateway.ts';
import { type EtcdProcess, waitHealthy } from './etcd-server.ts';
import { createEtcdStore } from './etcd-store.ts';
import { createEtcdMembership, type EtcdMembership } from './membership.ts';
import { makeTestCa } from './testing/certificates.ts';
import { collect } from './testing/contract-case.ts';
import {
  gatewayTo,
  killMember,
  memberSettings,
  planMembers,
  startMember,
  type TestMember,
} from './testing/etcd-members.ts';

const bounds = { timeoutMs: 5000 };

describe('a cluster of three etcd members', () => {
  const running = new Map<string, EtcdProcess>();
  const stores: ClusterStore[] = []; // closed at the end, whatever fails: an open watch would keep the test alive
  let dir: string;
  let tls: EtcdTlsFiles;
  let members: readonly TestMember[];
  let newcomer: TestMember;
  let gateway: EtcdGateway;
  let store: ClusterStore;
  let membership: EtcdMembership;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'holdfast-etcd-'));
    tls = await (await makeTestCa(dir, 'ca')).issue('node');
    const planned = await planMembers(['m1', 'm2', 'm3', 'm4']);
    members = planned.slice(0, 3);
    newcomer = at(planned, 3);
    await Promise.all(
      members.map(async (member) => {
        running.set(member.name, await startMember(memberSettings(dir, member, members, tls)));
      }),
    );
    gateway = await gatewayTo(members, tls);
    store = createEtcdStore(gateway);
    membership = createEtcdMembership(gateway);
    await Promise.all(members.map((member) => healthy(member)));
  });

  after(async () => {
    for (const open of [store, ...stores]) open.close();
    await Promise.all([...running.values()].map(killMember));
    await rm(dir, { recursive: true, force: true });
  });

  it('lists its members and says who leads', async () => {
    const list = await membership.memberList(bounds);
    assert.deepEqual(list.map(({ name }) => name).sort(), ['m1', 'm2', 'm3']);
    const said = await Promise.all(members.map(({ endpoint }) => membership.status(endpoint, bounds)));
    assert.equal(new Set(said.map(({ leaderId }) => leaderId)).size, 1);
    assert.ok(list.some(({ id }) => id === said[0]?.leaderId));
    assert.match(at(said, 0).version, /^3\.[456]\./);
    assert.ok(at(said, 0).dbSizeBytes > 0);
  });

  it('moves its leader where it is told, whichever endpoint is preferred', async () => {
    const { leader, others } = await findLeader();
    const target = at(others, 0);
    const { memberId } = await membership.status(target.endpoint, bounds);
    await membership.moveLeader(memberId, bounds);
    assert.equal((await findLeader()).leader.name, target.name);
    assert.notEqual(target.name, leader.name);
  });

  it('answers calls from another member while the preferred one is stopped, reads within one deadline', async () => {
    await store.read('/k', bounds);
    const preferred = preferredMember();
    const stopped = running.get(preferred.name);
    assert.ok(stopped);
    // Leadership elsewhere: what is tested is the endpoint, not the election.
    const { leader, others } = await findLeader();
    if (leader.name === preferred.name) {
      await membership.moveLeader((await membership.status(at(others, 0).endpoint, bounds)).memberId, bounds);
    }
    const told = collect(store, '/k', (await store.read('/k', bounds)).revision + 1);
    await store.txn([], [{ kind: 'put', key: '/k', value: 'before' }], bounds);
    await told.first(1);
    process.kill(stopped.pid, 'SIGSTOP');
    try {
      const startedAt = performance.now();
      await store.read('/k', { timeoutMs: 2700 });
      assert.notEqual(preferredMember().name, preferred.name);
      const write = await store.txn([], [{ kind: 'put', key: '/k', value: 'v' }], { timeoutMs: 2700 });
      assert.equal(write.succeeded, true);
      await told.first(2);
      // The watch has left the stopped member as well, long before its silence would have told.
      assert.ok(performance.now() - startedAt < 8000);
    } finally {
      told.stop();
      process.kill(stopped.pid, 'SIGCONT');
    }
    await healthy(preferred);
  });

  it('doubts one write at most to a member that is stopped, and gets the next one done', async () => {
    await store.txn([], [{ kind: 'put', key: '/k', value: 'v' }], bounds);
    const preferred = preferredMember();
    const { leader, others } = await findLeader();
    if (leader.name === preferred.name) {
      await membership.moveLeader((await membership.status(at(others, 0).endpoint, bounds)).memberId, bounds);
    }
    const stopped = running.get(preferred.name);
    assert.ok(stopped);
    process.kill(stopped.pid, 'SIGSTOP');
    try {
      const write = (value: string) =>
        store.txn([], [{ kind: 'put', key: '/k', value }], { timeoutMs: 2000 });
      await assert.rejects(write('doubtful'), (error) => isProblem(error, 'store_unanswered'));
      assert.equal((await write('done')).succeeded, true);
    } finally {
      process.kill(stopped.pid, 'SIGCONT');
    }
    await healthy(preferred);
  });

  it('answers again soon after its leader was killed, and never calls refused what was applied', async () => {
    const { leader } = await findLeader();
    const told = collect(store, '/kill/', (await store.read('/kill/', bounds)).revision + 1);
    const writers = Array.from({ length: 3 }, (_, index) => writeUntil(`/kill/${index}/`));
    await told.first(6);
    const victim = running.get(leader.name);
    assert.ok(victim);
    const killedAt = performance.now();
    await killMember(victim);
    const reports = await Promise.all(writers.map((writer) => writer.goOnUntil(killedAt)));

    const applied = new Set((await store.read('/kill/', bounds)).entries.map(({ key }) => key));
    const counts = { answered: 0, refused: 0, unanswered: 0 };
    for (const { key, outcome } of reports.flatMap(({ writes }) => writes)) {
      counts[outcome] += 1;
      if (outcome === 'answered') assert.ok(applied.has(key), `${key} was answered and is lost`);
      if (outcome === 'refused') assert.ok(!applied.has(key), `${key} was called refused and was applied`);
    }
    assert.ok(counts.unanswered + counts.refused > 0, 'the kill hit no write');
    for (const { gapMs } of reports) assert.ok(gapMs < 15_000, `no write for ${Math.round(gapMs)} ms`);
    // Every change is told, in order, although the watch may have lost its member.
    const events = await told.first(applied.size);
    assert.equal(new Set(events.map((event) => event.kind === 'put' && event.entry.key)).size, applied.size);
    told.stop();
    running.set(leader.name, await startMember(memberSettings(dir, leader, members, tls, 'resume')));
    await healthy(leader);
  });

  it('takes a learner in, promotes it once it has caught up, and removes a member', async () => {
    const added = await untilDone(() => membership.memberAddLearner([newcomer.peerUrl], bounds));
    assert.equal(added.learner, true);
    const all = [...members, newcomer];
    const started = await startMember(memberSettings(dir, newcomer, all, tls, 'join'));
    running.set(newcomer.name, started);
    gateway.endpoints.replace(all.map(({ clientUrl }) => clientUrl));
    assert.equal((await healthy(newcomer)).learner, true);
    await untilDone(async () => assert.equal(await membership.memberPromote(added.id, bounds), 'promoted'));
    // It learns of its promotion a moment after the leader has answered.
    await untilDone(async () =>
      assert.equal((await membership.status(newcomer.endpoint, bounds)).learner, false),
    );

    const { others } = await findLeader(all);
    const gone = at(
      others.filter(({ name }) => name !== newcomer.name),
      0,
    );
    const { memberId } = await membership.status(gone.endpoint, bounds);
    await untilDone(() => membership.memberRemove(memberId, bounds));
    assert.equal((await membership.memberList(bounds)).length, 3);
    const ended = running.get(gone.name);
    assert.ok(ended);
    // A removed member ends by itself, and says why.
    const { problem } = await ended.exited;
    assert.ok(isProblem(problem, 'etcd_removed'), String(problem));
    await assert.rejects(membership.memberRemove(memberId, bounds), (error) =>
      isProblem(error, 'store_rejected'),
    );
  });

  async function healthy(member: TestMember) {
    const etcd = running.get(member.name);
    assert.ok(etcd);
    return waitHealthy(etcd, gateway, member.endpoint, 15_000);
  }

  function preferredMember(): TestMember {
    const [first] = gateway.endpoints.order();
    const member = members.find(({ endpoint }) => endpoint === first?.name);
    assert.ok(member);
    return member;
  }

  async function findLeader(among: readonly TestMember[] = members) {
    const said = await Promise.all(
      among.map(async (member) => ({ member, status: await membership.status(member.endpoint, bounds) })),
    );
    const leader = said.find(({ status }) => status.leaderId === status.memberId)?.member;
    assert.ok(leader);
    return { leader, others: among.filter(({ name }) => name !== leader.name) };
  }

  /** Writes one new key after the other from a store of its own. */
  function writeUntil(prefix: string) {
    type Outcome = 'answered' | 'refused' | 'unanswered';
    const writes: { key: string; outcome: Outcome; at: number }[] = [];
    let enoughAfter = Number.POSITIVE_INFINITY;
    const run = async (): Promise<void> => {
      const own = createEtcdStore(await gatewayTo(members, tls));
      stores.push(own);
      const startedAt = performance.now();
      const done = (): boolean =>
        writes.filter(({ outcome, at: time }) => outcome === 'answered' && time > enoughAfter).length >= 5;
      for (let index = 0; !done() && performance.now() - startedAt < 20_000; index += 1) {
        const key = `${prefix}${index}`;
        let outcome: Outcome = 'answered';
        try {
          const absent = [{ key, target: 'create', equals: 0 }] as const;
          const result = await own.txn(absent, [{ kind: 'put', key, value: 'v' }], { timeoutMs: 400 });
          assert.ok(result.succeeded, `${key} was sent twice`);
        } catch (error) {
          if (!isProblem(error, 'store_unavailable', 'store_unanswered')) throw error;
          outcome = error.code === 'store_unavailable' ? 'refused' : 'unanswered';
        }
        writes.push({ key, outcome, at: performance.now() });
      }
      own.close();
    };
    const underWay = run();
    return {
      goOnUntil: async (killedAt: number) => {
        enoughAfter = killedAt;
        await underWay;
        // The answers to what was on its way at the kill may come right after it: the gap ends the longest silence.
        const times = writes.filter(({ outcome }) => outcome === 'answered').map(({ at: time }) => time);
        const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
        return { writes, gapMs: Math.max(...gaps) };
      },
    };
  }
});

/** etcd refuses changes of its membership until all members have seen each other for five seconds. */
async function untilDone<T>(action: () => Promise<T>): Promise<T> {
  const endAt = performance.now() + 15_000;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (performance.now() > endAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  assert.ok(item !== undefined);
  return item;
}
