import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cutFromEverybody } from '../src/drill/network/faults.ts';
import { networkOf } from '../src/drill/network/place.ts';
import type { ApiClient } from './testing/api-client.ts';
import { DemoCluster, until } from './testing/demo-cluster.ts';
import type { ReaderOrder, ReaderResult } from './testing/reader.ts';
import { settled } from './testing/trail.ts';

/** HOLDFAST_CUT_SECONDS=60 for the minute that is promised. */
const cutSeconds = Number(process.env['HOLDFAST_CUT_SECONDS'] ?? 20);
const isRoot = process.getuid?.() === 0;
const wholeMs = 120_000;
/** A reader waits for at most one answer of a busy machine. */
const gapMs = 3000;

/** Reads at f1 from inside its namespace. */
function readerAt(demo: DemoCluster, client: ApiClient): ChildProcess {
  const { namespace, api } = demo.node('f1');
  const { account, api: lb } = demo.file;
  assert.ok(namespace !== null);
  const program = new URL('testing/reader.ts', import.meta.url).pathname;
  const reader = spawn('ip', ['netns', 'exec', namespace, process.execPath, program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
  });
  const order: ReaderOrder = {
    url: api,
    caFile: lb.caFile,
    account,
    authorization: client.authorization,
    prefix: 'cut',
    variable: 'read',
  };
  reader.stdin.write(`${JSON.stringify(order)}\n`);
  return reader;
}

test('a follower that is cut off while the master fails over reads on, and each answered read has one record later', {
  skip: isRoot ? false : 'network namespaces need root',
  timeout: 600_000,
}, async (t) => {
  const demo = await DemoCluster.start(['--namespaces', '--respawn', '1']);
  t.after(() => demo.stop());
  await demo.whole(wholeMs);
  const client = await until(30_000, 'a client is let in', () => demo.client().catch(() => null));
  t.after(() => client.close());
  await until(60_000, 'there is a secret', async () => {
    await client.loadPolicy('- !variable read').catch(() => null);
    const written = await client.write('read', 'value').catch(() => null);
    return written?.status === 201 ? true : null;
  });

  const reader = readerAt(demo, client);
  t.after(() => reader.kill('SIGKILL'));
  assert.ok(reader.stdout !== null && reader.stdin !== null);
  await once(reader.stdout, 'data'); // it reads
  const output = text(reader.stdout);
  await sleep(2000); // under way before the cut
  const cut = cutFromEverybody(networkOf(demo.file), 'f1');
  await cut.apply();
  await until(5000, 'the cut is felt', async () => ((await cut.isInEffect()) ? true : null));
  const cutAt = performance.now();

  const old = demo.master;
  assert.ok(old !== undefined);
  process.kill(-old.processGroup, 'SIGKILL');
  const next = await until(30_000, 'another master', () => {
    const now = demo.master;
    return now === undefined || now.name === old.name ? null : now;
  });
  await sleep(Math.max(0, cutSeconds * 1000 - (performance.now() - cutAt)));
  await cut.undo();
  const status = await demo.whole(wholeMs);
  assert.equal(status.master, next.name);

  reader.stdin.end();
  const result: ReaderResult = JSON.parse(await output);
  const asked = { answered: new Set(result.answered), unanswered: new Set(result.unanswered) };
  const sentence = await settled(demo, asked, { prefix: 'cut', follower: 'f1' });
  const gap = Math.round(result.longestGapMs);
  t.diagnostic(
    `${cutSeconds} s cut off, ${old.name} followed by ${next.name}: ${sentence}; longest gap ${gap} ms`,
  );
  assert.ok(result.answered.length > cutSeconds * 20, 'it read all the time');
  assert.ok(gap < gapMs, `no answer for ${gap} ms`);
});
