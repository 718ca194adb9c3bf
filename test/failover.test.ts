import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from './testing/api-client.ts';
import { cliPath, DemoCluster, runProgram, until } from './testing/demo-cluster.ts';
import { postmasterPid, processesOf, pssBytes } from './testing/processes.ts';
import { WriteLoad } from './testing/write-load.ts';

const ttlMs = 5000;
const wholeMs = 60_000;
const rounds = Number(process.env['HOLDFAST_ROUNDS'] ?? 2);
/**
 * The goals are those of the design, for a quiet machine; what was measured is printed beside them. A test fails only when
 * the cluster takes this much longer than the goal: then it did not heal as it should, whatever the load. `npm run measure`
 * has no such patience.
 */
const patienceMs = process.env['HOLDFAST_STRICT'] === '1' ? 0 : 10_000;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function tell(t: TestContext, what: string, values: readonly number[], limitMs: number): void {
  const listed = values.map((v) => Math.round(v)).join(', ');
  t.diagnostic(`${what}: median ${Math.round(median(values))} ms (goal ${limitMs} ms) of ${listed}`);
}

/** A client through the load balancer, which may still be turning to the new master and cut what it had. */
async function connected(demo: DemoCluster, which: 'api' | 'followers' = 'api'): Promise<ApiClient> {
  return until(15_000, `${which} answers`, () => demo.client(which).catch(() => null));
}

/** Runs `fault` under a steady write load and returns what was measured, once the cluster is whole and nothing is lost. */
async function underLoad(
  demo: DemoCluster,
  options: { readonly prefix: string },
  fault: (load: WriteLoad) => Promise<void>,
): Promise<number> {
  const client = await connected(demo);
  const load = new WriteLoad(client, { prefix: options.prefix, size: 3000 });
  await until(30_000, 'the policy of the load is there', async () => {
    const loaded = await client.loadPolicy(load.policy()).catch(() => null);
    return loaded?.status === 201 ? true : null;
  });
  load.start(4, 15);
  await until(10_000, 'writes run', () => (load.acknowledged.length > 40 ? true : null));
  const at = performance.now();
  await fault(load);
  await until(30_000, 'writes again', () => {
    const first = load.firstAfter(at);
    return first !== null && performance.now() - at > first + 500 ? true : null;
  });
  await demo.whole(wholeMs);
  const measured = load.longestPauseAfter(at);
  await load.stop();
  assert.deepEqual(await load.lost(), [], 'every acknowledged write is there');
  client.close();
  return measured;
}

/** The first cluster, which nobody asks anything any more while the second is tried. */
let idle: { readonly demo: DemoCluster; readonly sinceMs: number } | null = null;

describe('a cluster whose dead nodes are started again', { timeout: 900_000 }, () => {
  let demo: DemoCluster;
  before(async () => {
    demo = await DemoCluster.start([]);
    await demo.whole(wholeMs);
  });
  after(async () => {
    if (idle === null) await demo?.stop(); // else it is looked at once more
  });

  it('writes again soon after the postmaster of the master was killed, and loses nothing', async (t) => {
    const measured: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const { master } = await demo.whole(wholeMs);
      const gone = demo.node(master ?? '');
      const took = await underLoad(demo, { prefix: `postmaster-${round}` }, async () => {
        process.kill(postmasterPid(gone.dataDir), 'SIGKILL');
        await until(10_000, 'another master', () => {
          const now = demo.master?.name;
          return now !== undefined && now !== gone.name ? true : null;
        });
      });
      measured.push(took);
      const status = await demo.whole(wholeMs);
      assert.equal(
        status.nodes.find((n) => n.name === gone.name)?.role,
        'standby',
        'the old master is a standby again',
      );
      assert.ok(
        status.nodes.some((n) => n.synchronous),
        'a synchronous standby is back',
      );
    }
    tell(t, 'postmaster kill -9, longest pause of writes', measured, 1000);
    assert.ok(median(measured) <= 1000 + patienceMs);
  });

  it('goes on with another synchronous standby when its node was killed, without a failover', async (t) => {
    const measured: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const first = await demo.whole(wholeMs);
      const standby = first.nodes.find((n) => n.synchronous)?.name ?? '';
      const took = await underLoad(demo, { prefix: `standby-${round}` }, async () => {
        process.kill(-demo.node(standby).processGroup, 'SIGKILL');
      });
      measured.push(took);
      const status = await demo.whole(wholeMs);
      assert.equal(status.term, first.term, 'no failover');
      assert.equal(status.master, first.master);
    }
    tell(t, 'synchronous standby kill -9, longest pause of writes', measured, ttlMs + 1000);
    assert.ok(median(measured) <= ttlMs + 1000 + patienceMs);
  });

  it('hands over on request with a short pause', async (t) => {
    const measured: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const first = await demo.whole(wholeMs);
      const took = await underLoad(demo, { prefix: `switchover-${round}` }, async () => {
        const end = await runProgram(cliPath, ['switchover', '--dir', demo.nodeDir(first.master ?? '')]);
        assert.equal(end.code, 0, end.stderr);
      });
      measured.push(took);
      const status = await demo.whole(wholeMs);
      assert.notEqual(status.master, first.master);
    }
    tell(t, 'switchover, longest pause of writes', measured, 500);
    assert.ok(median(measured) <= 500 + patienceMs);
  });

  it('is left alone from now on, and whole', async () => {
    await demo.whole(wholeMs);
    idle = { demo, sinceMs: performance.now() };
  });
});

describe('a cluster whose dead nodes stay dead until somebody starts them', { timeout: 600_000 }, () => {
  let demo: DemoCluster;
  const children = new Map<string, number>();
  before(async () => {
    demo = await DemoCluster.start(['--respawn', 'off']);
    await demo.whole(wholeMs);
  });
  after(async () => {
    for (const group of children.values()) {
      try {
        process.kill(-group, 'SIGKILL');
      } catch {
        // ended already
      }
    }
    await demo?.stop();
  });

  const groupOf = (name: string): number => children.get(name) ?? demo.node(name).processGroup;
  const startByHand = (name: string): void => {
    const child = spawn(process.execPath, [cliPath, 'node', '--dir', demo.nodeDir(name)], {
      detached: true,
      stdio: 'ignore',
    });
    if (child.pid !== undefined) children.set(name, child.pid);
  };

  it('fails over when the whole node of the master dies; meanwhile followers serve; the old master never serves a write', async (t) => {
    const measured: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const first = await demo.whole(wholeMs);
      const gone = first.master ?? '';
      const direct = new ApiClient({
        url: demo.node(gone).api,
        caFile: demo.file.api.caFile,
        account: demo.file.account,
      });
      let served: number[] = [];
      const took = await underLoad(demo, { prefix: `node-${round}` }, async (load) => {
        const written = load.acknowledged[0];
        process.kill(-groupOf(gone), 'SIGKILL');
        const killedAt = performance.now();
        const follower = await connected(demo, 'followers'); // authenticates while there is no master
        const found = await until(4000, 'a follower reads', () =>
          follower.read(written?.variable ?? '').catch(() => null),
        );
        assert.equal(found.body, written?.value, 'a follower reads');
        await until(20_000, 'writes again', () => (load.firstAfter(killedAt) === null ? null : true));
        const token = await connected(demo);
        served = await writesServedWhileReturning(
          direct,
          token,
          () => startByHand(gone),
          demo,
          `node-${round}/v2999`,
        );
        token.close();
        follower.close();
      });
      measured.push(took);
      assert.deepEqual(
        served.filter((status) => status < 300),
        [],
        'the returning node served no write',
      );
      assert.ok(served.length > 0);
      const status = await demo.whole(wholeMs);
      assert.equal(status.nodes.find((n) => n.name === gone)?.role, 'standby');
      direct.close();
    }
    tell(t, 'master node kill -9, longest pause of writes', measured, ttlMs + 1000);
    assert.ok(median(measured) <= ttlMs + 1000 + patienceMs);
  });
});

describe('a cluster that has been idle for a minute', { timeout: 120_000 }, () => {
  after(async () => {
    await idle?.demo.stop();
  });

  it('needs at most 250 MB for the Node processes of a node', async (t) => {
    assert.ok(idle !== null, 'the first cluster is there');
    await sleep(Math.max(0, idle.sinceMs + 60_000 - performance.now())); // the condition itself
    for (const node of idle.demo.file.nodes) {
      const own = processesOf(node.processGroup).filter(({ program }) => program.startsWith('node'));
      const total = own.reduce((sum, { pid }) => sum + pssBytes(pid), 0) / 1024 / 1024;
      t.diagnostic(`${node.name} (${node.role}): ${own.length} Node processes, ${total.toFixed(0)} MB PSS`);
      assert.ok(own.length >= 3, 'guardian, agent and worker');
      assert.ok(total <= 250, `${node.name}: ${total} MB`);
    }
  });
});

/**
 * Starts a node again and writes to it directly, over and over, until the cluster is whole with it; what it answered. The
 * records may still say "whole" of the time before the node died, so its first answer is awaited as well.
 */
async function writesServedWhileReturning(
  direct: ApiClient,
  authenticated: ApiClient,
  start: () => void,
  demo: DemoCluster,
  variable: string,
): Promise<number[]> {
  const statuses: number[] = [];
  const finished = new AbortController();
  direct.useTokenOf(authenticated);
  start();
  const hammer = (async () => {
    while (!finished.signal.aborted) {
      const status = await direct.write(variable, `forbidden-${statuses.length}`, 1000).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status !== 0) statuses.push(status);
      await sleep(20);
    }
  })();
  await until(wholeMs, 'the returning node answers', () => (statuses.length > 0 ? true : null));
  await demo.whole(wholeMs);
  finished.abort();
  await hammer;
  return statuses;
}
