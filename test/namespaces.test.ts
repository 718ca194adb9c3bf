import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cutFromEverybody } from '../src/drill/network/faults.ts';
import { networkOf } from '../src/drill/network/place.ts';
import { type CommandResult, runCommand } from '../src/runtime/run-command.ts';
import { cliPath, DemoCluster, runProgram, until } from './testing/demo-cluster.ts';
import { WriteLoad } from './testing/write-load.ts';

const ttlSeconds = 5;
const wholeMs = 120_000;
const isRoot = process.getuid?.() === 0;
const demoPath = cliPath.replace(/cli\/main\.js$/u, 'demo/main.js');

function system(...argv: readonly string[]): Promise<CommandResult> {
  return runCommand(argv, { timeoutMs: 60_000, env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` } });
}

/** What the machine has of namespaces, interfaces and addresses whose names begin with one of `names`. */
async function leftOf(names: readonly string[]): Promise<readonly string[]> {
  const listings = await Promise.all([system('ip', 'netns', 'list'), system('ip', '-brief', 'address')]);
  const lines = listings.flatMap(({ stdout }) => stdout.split('\n'));
  return lines.filter((line) => names.some((name) => line.startsWith(name)));
}

async function started(t: TestContext): Promise<DemoCluster> {
  const demo = await DemoCluster.start(['--namespaces', '--ttl', String(ttlSeconds)]);
  t.after(() => demo.stop());
  await demo.whole(wholeMs);
  return demo;
}

test('a master that is cut off from everybody is followed by another, comes back as a standby, and nothing is lost', {
  skip: isRoot ? false : 'network namespaces need root',
  timeout: 600_000,
}, async (t) => {
  const demo = await started(t);
  const { file, master } = demo;
  assert.ok(file.network !== null && master?.namespace);
  const prefix = master.namespace.slice(0, -master.name.length);
  const link = `hf${prefix.split('-')[1]}`;
  assert.equal((await leftOf([prefix, link])).length, 1 + file.nodes.length + 1, 'hub, nodes and link');
  await t.test('the processes of a node are in its namespace, each of them', async () => {
    const inside = await system('ip', 'netns', 'pids', master.namespace ?? '');
    const pids = inside.stdout.trim().split('\n');
    const group = await system('pgrep', '--pgroup', String(master.processGroup));
    assert.deepEqual(
      group.stdout.split('\n').filter((pid) => pid !== '' && !pids.includes(pid)),
      [],
    );
  });

  const client = await demo.client();
  const load = new WriteLoad(client, { prefix: 'cut', size: 10_000 });
  // On a busy machine the load balancer may miss two checks, and cuts what is under way.
  await until(60_000, 'the policy of the load is there', async () => {
    const loaded = await client.loadPolicy(load.policy()).catch(() => null);
    return loaded?.status === 201 ? true : null;
  });
  load.start(4, 20);
  t.after(() => load.stop());
  await until(10_000, 'writes run', () => (load.acknowledged.length > 40 ? true : null));

  const cut = cutFromEverybody(networkOf(file), master.name);
  const cutAt = performance.now();
  await cut.apply();
  await until(5_000, 'the cut is felt, both ways', async () => ((await cut.isInEffect()) ? true : null));
  const followedMs = await until((ttlSeconds + 10) * 1000, 'a write through the load balancer', () =>
    load.firstAfter(cutAt + 500),
  );
  const next = await until(5_000, 'another master', () => {
    const now = demo.master;
    return now === undefined || now.name === master.name ? null : now;
  });
  t.diagnostic(`cut: ${next.name} took over, first write ${Math.round(followedMs) + 500} ms after the cut`);
  assert.equal(demo.node(master.name).role, 'down', 'nobody hears of the old one');
  await sleep(ttlSeconds * 1000); // the cut lasts longer than the old master's authority by far
  assert.equal(demo.master?.name, next.name);

  const healedAt = performance.now();
  await cut.undo();
  const status = await demo.whole(wholeMs);
  t.diagnostic(`whole again ${Math.round(performance.now() - healedAt)} ms after the cut was undone`);
  assert.equal(status.master, next.name);
  await load.stop();
  assert.deepEqual(await load.lost(), [], 'every acknowledged write is there');
  client.close();

  const end = await demo.stop();
  assert.equal(end.code, 0, end.stderr);
  assert.deepEqual(await leftOf([prefix, link]), []);
});

test('without root, a demo with namespaces is refused with what to do, and nothing is made', async (t) => {
  const dir = '/nonexistent/holdfast-namespaces';
  const words = [demoPath, '--namespaces', '--dir', dir];
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
  const mayRead = isRoot && (await system(...nobody, '--check', demoPath)).code === 0;
  if (isRoot && !mayRead) return t.skip('another user cannot read the project here');
  const end = isRoot ? await system(...nobody, ...words) : await runProgram(demoPath, words.slice(1));
  assert.equal(end.code, 2);
  assert.match(end.stderr, /--namespaces: only root on Linux.*Start it as root/u);
});
