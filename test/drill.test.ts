import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DrillReport } from '../src/core/drill/verdict.ts';
import { cliPath, type CommandEnd, DemoCluster, runProgram } from './testing/demo-cluster.ts';
import { processesOf } from './testing/processes.ts';

const faults = ['postmaster', 'agent', 'node', 'stop-agent'];
/** These need nodes with networks of their own. */
const cuts = ['cut-off', 'cut-from-etcd'];
const isRoot = process.getuid?.() === 0;
const minutes = 60_000;

describe('a drill', { timeout: 10 * minutes }, () => {
  let demo: DemoCluster;
  let directory: string;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hf-drill-'));
    demo = await DemoCluster.start(isRoot ? ['--namespaces'] : []);
    await demo.whole(minutes);
  });
  after(async () => {
    await demo?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const drill = (...args: readonly string[]): Promise<CommandEnd> =>
    runProgram(cliPath, ['drill', '--demo', demo.dir, '--report', directory, ...args], {
      timeoutMs: 8 * minutes,
    });
  const reported = (): DrillReport => JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8'));

  it('finds nothing lost, no two writers and nothing stale, after each of a few faults', async (t) => {
    if (!isRoot) t.diagnostic(`without root no network can be cut: ${cuts.join(', ')} are left out`);
    const made = isRoot ? [...faults, ...cuts] : faults;
    const end = await drill(...made.flatMap((fault) => ['--fault', fault]));
    t.diagnostic(`\n${end.stdout}`);
    assert.equal(end.code, 0, end.stderr + end.stdout);
    const { rounds } = reported();
    assert.deepEqual(rounds.map(({ verdict }) => verdict.fault).sort(), [...made].sort());
    for (const { verdict } of rounds) {
      assert.equal(verdict.result, 'passed', verdict.fault);
      assert.ok(verdict.tookEffect, verdict.fault);
      assert.deepEqual(verdict.violations, [], verdict.fault);
      assert.ok(verdict.writes.ok > 40 && verdict.reads.ok > 40, 'somebody wrote and read');
    }
    assert.match(readFileSync(join(directory, 'report.html'), 'utf8'), /<svg/u);
  });

  it('does not run again what its report has, and leaves nothing behind in the cluster', async () => {
    const earlier = reported();
    const end = await drill('--fault', 'agent');
    assert.equal(end.code, 0, end.stderr);
    assert.deepEqual(reported().rounds, earlier.rounds);
    const client = await demo.client();
    const listed = await client.call({ method: 'GET', path: `/resources/${demo.file.account}?search=drill` });
    client.close();
    assert.deepEqual([listed.status, listed.body], [200, '[]']);
  });

  it('changes nothing in a cluster that is not whole', async () => {
    const { nodes } = await demo.whole(minutes);
    const standby = nodes.find(({ role }) => role === 'standby')?.name ?? '';
    const stopped = processesOf(demo.node(standby).processGroup).map(({ pid }) => pid);
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    try {
      await demo.status(); // still answers
      let end = await drill('--fault', 'agent', '--rounds', '2');
      // Until its report runs out the node counts as alive; the drill waits for nothing then.
      while (end.code === 0) end = await drill('--fault', 'agent', '--rounds', '2');
      assert.equal(end.code, 1);
      assert.match(end.stderr, /begins with a cluster that is whole/u);
    } finally {
      for (const pid of stopped) {
        try {
          process.kill(pid, 'SIGCONT');
        } catch {
          // it was ended meanwhile
        }
      }
    }
  });
});
