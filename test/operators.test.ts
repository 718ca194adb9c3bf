import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseLsn } from '../src/core/lsn.ts';
import type { ClusterStatus } from '../src/agent/operations.ts';
import type { ApiClient } from './testing/api-client.ts';
import { until } from './testing/demo-cluster.ts';
import { kill, names, nodeOf, type NodeName, OperatorsCluster } from './testing/operators-cluster.ts';
import { WriteLoad } from './testing/write-load.ts';

/**
 * What operators do when healing by itself ends, on a real cluster with an etcd of somebody else. One cluster, one story:
 * each part goes on where the one before it ended.
 */
describe('a cluster with an external etcd, in the hands of its operators', { timeout: 600_000 }, () => {
  let cluster: OperatorsCluster;
  let client: ApiClient;
  let load: WriteLoad;
  /** The roles of the first three as the cluster gave them out. */
  let master: NodeName = 'db1';
  let synchronous: NodeName = 'db2';
  let third: NodeName = 'db3';

  before(async () => {
    cluster = await OperatorsCluster.start();
  });
  let broken = false;
  /** A part of the story: when one failed, those after it are not told. */
  const part = (name: string, tell: () => Promise<void>): void => {
    it(name, async (t) => {
      if (broken) return t.skip('an earlier part failed');
      broken = true;
      await tell();
      broken = false;
    });
  };
  after(async () => {
    await load?.stop();
    client?.close();
    await cluster?.stop();
  });

  const named = (name: string | null | undefined): NodeName => {
    const found = names.find((known) => known === name);
    assert.ok(found, `${name} is a node`);
    return found;
  };
  const written = (variable: string, value: string): Promise<true> =>
    until(30_000, `${variable} is written`, async () => {
      const answer = await client.write(`kept/${variable}`, value, 4000).catch(() => null);
      return answer?.status === 201 ? true : null;
    });
  const readAgain = (variable: string): Promise<{ readonly status: number; readonly body: string }> =>
    until(20_000, `${variable} is answered`, async () => {
      const answer = await client.read(`kept/${variable}`).catch(() => null);
      return answer === null || answer.status >= 500 ? null : answer;
    });
  const versions = (name: NodeName): Promise<readonly string[]> =>
    cluster.sql(name, 'data', 'select count(*), max(version) from secrets');

  part('comes up protected, and the asynchronous standby streams through the load balancer', async () => {
    await cluster.whole();
    const said = 'asynchronous standby, streaming through the load balancer';
    await cluster.becomes('dr1 streams', (seen) => nodeOf(seen, 'dr1').because === said);
    const printed = await cluster.run('dr1', 'status', '--json');
    const status: ClusterStatus = JSON.parse(printed.stdout);
    assert.deepEqual(status.etcd, [{ name: 'etcd1', healthy: true, leader: true, learner: false }]);
    const dr1 = nodeOf(status, 'dr1');
    assert.equal(dr1.because, said);
    assert.equal(dr1.synchronous, false);
    client = await until(15_000, 'the load balancer lets clients in', () =>
      cluster.client().catch(() => null),
    );
    load = new WriteLoad(client, { prefix: 'load', size: 800 });
    const variables = ['before', 'lost', 'after', 'evicted'].map((name) => `    - !variable ${name}`);
    const policy = `${load.policy()}- !policy\n  id: kept\n  body:\n${variables.join('\n')}\n`;
    const answer = await until(20_000, 'the policy is there', () =>
      client.loadPolicy(policy).catch(() => null),
    );
    assert.equal(answer.status, 201, answer.body);
    load.start(2, 20);
    await until(15_000, 'writes run', () => (load.acknowledged.length > 30 ? true : null));
  });

  part(
    'waits when master and synchronous standby are gone, and promotes on demand, at a price that is named',
    async () => {
      await written('before', 'there');
      await load.stop();
      const whole = await cluster.whole();
      master = named(whole.master);
      synchronous = named(whole.nodes.find((node) => node.synchronous)?.name);
      third = named(names.find((name) => ![master, synchronous, 'dr1'].includes(name)));
      const lost = await loseTwo();
      const waiting = await cluster.becomes(
        `${third} waits`,
        (status) =>
          nodeOf(status, master).role === 'down' &&
          nodeOf(status, synchronous).role === 'down' &&
          nodeOf(status, third).because.startsWith('not promoting'),
      );
      assert.equal(
        nodeOf(waiting, third).because,
        `not promoting: this node may lack acknowledged writes; waiting for ${master}, ${synchronous}`,
      );
      assert.equal(waiting.master, null);

      const unsure = await cluster.run('dr1', 'failover', '--to', 'dr1');
      assert.equal(unsure.code, 2);
      assert.match(unsure.stderr, /--force and --accept-loss/u);
      const forced = await cluster.run('dr1', 'failover', '--to', 'dr1', '--force', '--accept-loss');
      assert.equal(forced.code, 0, forced.stderr);
      const said = /every write after (\S+) in data and (\S+) in audit is lost/u.exec(forced.stderr);
      assert.ok(said, forced.stderr);
      assert.ok(lsn(said[1]) < lost.data && lsn(said[2]) < lost.audit, 'the loss lies behind what is kept');

      const status = await cluster.becomes(
        `dr1 is master, confirmed by ${third}`,
        (now) =>
          now.master === 'dr1' && nodeOf(now, third).because === 'synchronous standby, streaming from dr1',
      );
      await written('after', 'the failover');
      assert.deepEqual(await readAgain('before'), { status: 200, body: 'there' });
      assert.equal((await readAgain('lost')).status, 404, 'nobody has it any more');
      assert.deepEqual(await load.lost(), [], 'what dr1 had is there');

      const { value } = (await cluster.records()).history.find((h) => h.value.term === status.term) ?? {};
      assert.deepEqual([value?.from, value?.to, value?.forced], [master, 'dr1', true]);
      assert.match(value?.why ?? '', /accepted the loss/u);
      assert.ok(lsn(value?.switchLsn?.data) >= lsn(said[1]), 'history has the position in data');
      assert.ok(lsn(value?.switchLsn?.audit) >= lsn(said[2]), 'history has the position in audit');
    },
  );

  part('takes the dead nodes back as standbys, without what only they had', async () => {
    await Promise.all([cluster.startNode(master), cluster.startNode(synchronous)]);
    const status = await cluster.whole();
    assert.equal(status.master, 'dr1');
    for (const name of [master, synchronous]) assert.equal(nodeOf(status, name).role, 'standby');
    const [right] = await versions('dr1');
    for (const name of [master, synchronous, third]) {
      await until(10_000, `${name} has the same rows`, async () =>
        (await versions(name))[0] === right ? true : null,
      );
    }
    const back = await cluster.run('dr1', 'switchover', '--to', master);
    assert.equal(back.code, 0, back.stderr);
    assert.equal((await readAgain('lost')).status, 404);
    assert.deepEqual(await readAgain('after'), { status: 200, body: 'the failover' });
  });

  part('keeps a failed master out until it is readmitted, where auto-rejoin is off', async () => {
    const off = await cluster.run('dr1', 'config', 'set', 'auto-rejoin', 'off');
    assert.equal(off.code, 0, off.stderr);
    const gone = named((await cluster.whole()).master);
    const at = named(names.find((name) => name !== gone));
    await written('evicted', 'before');
    await cluster.killNode(gone);
    await cluster.becomes('another master', ({ master: now }) => now !== null && now !== gone);
    await written('evicted', 'after');
    await cluster.startNode(gone);
    const status = await cluster.becomes(
      `${gone} is evicted`,
      (now) => nodeOf(now, gone).because === `evicted; run: holdfast member rejoin ${gone}`,
    );
    assert.ok(nodeOf(status, gone).evicted, 'with the reason');
    assert.equal(nodeOf(status, gone).streaming, false);
    const rejoin = await cluster.run(at, 'member', 'rejoin', gone);
    assert.equal(rejoin.code, 0, rejoin.stderr);
    assert.equal(nodeOf(await cluster.whole(), gone).role, 'standby');
    assert.deepEqual(await readAgain('evicted'), { status: 200, body: 'after' });
  });

  part('forgets a node that was removed, and does not let it in again', async () => {
    const first = await cluster.whole();
    const leader = named(first.master);
    const removed = named(
      first.nodes.find((n) => n.name !== leader && n.name !== 'dr1' && !n.synchronous)?.name,
    );
    const slots = (): Promise<readonly string[]> =>
      cluster.sql(leader, 'data', 'select slot_name from pg_replication_slots');
    assert.ok((await slots()).includes(`holdfast_${removed}`));
    await cluster.stopNode(removed);
    const end = await cluster.run(leader, 'member', 'remove', removed);
    assert.equal(end.code, 0, end.stderr);
    assert.ok(!(await cluster.status()).nodes.some(({ name }) => name === removed));
    await until(15_000, 'its slot is dropped', async () =>
      (await slots()).includes(`holdfast_${removed}`) ? null : true,
    );
    await cluster.startNode(removed);
    const says = await until(20_000, `${removed} says what it is`, async () => {
      const report = (await cluster.records()).members.get(removed)?.value;
      return report?.because.startsWith('removed from the cluster: end') ? report : null;
    });
    assert.equal(says.instances.data?.state, 'stopped');
    const connected = await cluster.sql(leader, 'data', 'select application_name from pg_stat_replication');
    assert.ok(!connected.includes(removed), 'it does not stream');
    assert.ok(!(await cluster.status()).nodes.some(({ name }) => name === removed));
    assert.deepEqual(await readAgain('before'), { status: 200, body: 'there' });
  });

  /**
   * Kills master and synchronous standby right after a write that reached nobody else: what the others are sent is held
   * back in the master before.
   *
   * @returns where the logs of the master ended
   */
  async function loseTwo(): Promise<{ readonly data: bigint; readonly audit: bigint }> {
    const others = `application_name in ('dr1', '${third}')`;
    const held: number[] = [];
    for (const instance of ['data', 'audit'] as const) {
      const query = `select pid, flush_lsn >= pg_current_wal_flush_lsn() from pg_stat_replication where ${others}`;
      const rows = await until(10_000, 'the others have all', async () => {
        const found = await cluster.sql(master, instance, query);
        return found.length === 2 && found.every((row) => row.endsWith('|t')) ? found : null;
      });
      held.push(...rows.map((row) => Number(row.split('|')[0])));
    }
    for (const pid of held) kill(pid, 'SIGSTOP');
    try {
      await written('lost', 'to nobody but the dead');
      const end = (instance: 'data' | 'audit') =>
        cluster.sql(master, instance, 'select pg_current_wal_flush_lsn()').then(([text]) => lsn(text));
      return { data: await end('data'), audit: await end('audit') };
    } finally {
      await Promise.all([cluster.killNode(master), cluster.killNode(synchronous)]);
      for (const pid of held) kill(pid, 'SIGKILL');
    }
  }
});

function lsn(text: string | undefined): bigint {
  const parsed = parseLsn(text ?? '');
  assert.ok(parsed !== null, `${text} is a position`);
  return parsed;
}
