import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ApiClient } from './testing/api-client.ts';
import { cliPath, type CommandEnd, DemoCluster, runProgram, until } from './testing/demo-cluster.ts';
import { processesOf } from './testing/processes.ts';
import { ReadLoad } from './testing/read-load.ts';
import { recordsOf, settled } from './testing/trail.ts';

/** One cluster for all: each part begins where the one before has left it. */
describe('the audit trail of a follower', { timeout: 600_000 }, () => {
  let demo: DemoCluster;
  let client: ApiClient;
  let f1: ApiClient;

  before(async () => {
    demo = await DemoCluster.start(['--respawn', '1']);
    await demo.whole(120_000);
    client = await until(30_000, 'a client is let in', () => demo.client().catch(() => null));
    const { account, api } = demo.file;
    f1 = new ApiClient({ url: demo.node('f1').api, caFile: api.caFile, account });
    f1.useTokenOf(client);
    await until(60_000, 'there is a secret', async () => {
      await client.loadPolicy('- !variable read').catch(() => null);
      const written = await client.write('read', 'value').catch(() => null);
      return written?.status === 201 ? true : null;
    });
    await until(30_000, 'the follower has it', async () => {
      const { status } = await f1.read('read').catch(() => ({ status: 0 }));
      return status === 200 ? true : null;
    });
  });
  after(async () => {
    for (const one of [client, f1]) one.close();
    await demo.stop();
  });

  const groupOf = (name: string): number => demo.node(name).processGroup;

  /** The process of a node that carries records to the master. */
  const keeper = (): number => {
    const found = processesOf(groupOf('f1')).find(({ pid }) => commandOf(pid).includes('keeper/main'));
    assert.ok(found !== undefined, 'f1 has a keeper');
    return found.pid;
  };

  it('reaches the master while reads go on', async (t) => {
    const load = new ReadLoad(f1, { prefix: 'plain', variable: 'read' });
    t.after(() => load.stop());
    load.start(4, 0);
    await until(30_000, 'reads run', () => (load.answered.size > 2000 ? true : null));
    await load.stop();
    assert.equal(load.unanswered.size, 0);
    t.diagnostic(await settled(demo, load, { prefix: 'plain', follower: 'f1' }));
    const { body } = await f1.call({ method: 'GET', path: '/health' });
    assert.equal(typeof JSON.parse(body).audit.queued, 'number');
  });

  for (const [prefix, victim, hurt] of [
    ['keeper', 'of what carries them', () => process.kill(keeper(), 'SIGKILL')],
    ['follower', 'of the follower', () => process.kill(-groupOf('f1'), 'SIGKILL')],
    ['master', 'of the master', () => process.kill(-groupOf(demo.master?.name ?? ''), 'SIGKILL')],
  ] as const) {
    it(`has one record for each answered read after a kill -9 ${victim} in the middle of a drain`, async (t) => {
      const load = new ReadLoad(f1, { prefix, variable: 'read' });
      t.after(() => load.stop());
      const stopped = keeper();
      process.kill(stopped, 'SIGSTOP');
      load.start(8, 0);
      await until(60_000, 'there is a backlog', () => (load.answered.size > 6000 ? true : null));
      process.kill(stopped, 'SIGCONT');
      await until(20_000, 'the drain has begun', async () => {
        const { records } = await recordsOf(demo, demo.master?.name ?? '', prefix);
        return records.size > 100 ? true : null;
      });
      hurt();
      const until500 = load.answered.size + 500;
      await until(60_000, 'reads go on', () => (load.answered.size > until500 ? true : null));
      await load.stop();
      await demo.whole(120_000);
      t.diagnostic(await settled(demo, load, { prefix, follower: 'f1' }));
    });
  }

  it('is verified on a node, and from an export anywhere, where every change of it shows', async (t) => {
    const dir = demo.nodeDir('f1');
    const audit = (...args: readonly string[]): Promise<CommandEnd> =>
      runProgram(cliPath, ['audit', ...args]);
    const online = await audit('verify', '--dir', dir);
    assert.equal(online.code, 0, online.stdout + online.stderr);
    t.diagnostic(online.stdout.trim());
    const place = mkdtempSync(join(tmpdir(), 'hf-export-'));
    t.after(() => rmSync(place, { recursive: true }));
    const file = join(place, 'trail.jsonl');
    const exported = await audit('export', '--dir', dir, '--output', file);
    assert.equal(exported.code, 0, exported.stderr);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    assert.ok(
      lines.some((line) => line.includes('"type":"checkpoint"')),
      'nodes have signed',
    );
    const offline = async (changed: readonly string[]): Promise<CommandEnd> => {
      writeFileSync(file, `${changed.join('\n')}\n`);
      return audit('verify', '--file', file, '--ca', demo.file.api.caFile);
    };
    assert.equal((await offline(lines)).code, 0);
    const at = lines.findIndex((line) => line.includes('"procid":"follower-100"'));
    const record = lines[at] ?? '';
    const cases = [
      [lines.with(at, record.replace('"result":"success"', '"result":"failure"')), /is not what was written/],
      [lines.toSpliced(at, 1), /is missing/],
      [lines.toSpliced(at, 0, record), /was put in/],
    ] as const;
    for (const [changed, sentence] of cases) {
      const { code, stdout } = await offline(changed);
      assert.equal(code, 1, stdout);
      assert.match(stdout, sentence);
    }
  });
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
}
