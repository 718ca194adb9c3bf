import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { planDemo } from './plan.ts';
import { mountDisks, unmountDisks } from './small-disks.ts';

const needsRoot = process.getuid?.() === 0 ? false : 'file systems are mounted by root';
const shape = { port: 8400, ttlSeconds: 5, standbys: 1, followers: 0, subnet: null, fakeClocks: false };

test('each node has a disk of its own, which goes with all that is on it', { skip: needsRoot }, async (t) => {
  // A blank, which stands escaped in the table of mounts.
  const dir = await mkdtemp(join(tmpdir(), 'holdfast disks '));
  const plan = planDemo(dir, { ...shape, diskMegabytes: 8 });
  t.after(async () => {
    await unmountDisks(plan);
    await rm(dir, { recursive: true });
  });
  await mountDisks(plan);
  const disks = plan.nodes.map(({ disk }) => disk ?? '');
  assert.deepEqual(disks, [join(dir, 'n1'), join(dir, 'n2')]);
  for (const disk of disks) {
    const { blocks, bsize } = await statfs(disk);
    assert.equal(blocks * bsize, 8 * 1024 * 1024);
  }
  assert.ok(
    plan.nodes.every(({ log, dir: own }) => !log.startsWith(own)),
    'a full disk silences no log',
  );

  await writeFile(join(dir, 'n1', 'kept'), 'x');
  await mountDisks(plan); // what an earlier demo left, after a crash
  assert.deepEqual(await readdir(join(dir, 'n1')), []);
  await unmountDisks(plan);
  await unmountDisks(plan);
  assert.equal((await statfs(join(dir, 'n1'))).type, (await statfs(dir)).type);
});

test('nothing is mounted for a demo without small disks', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-disks-'));
  t.after(() => rm(dir, { recursive: true }));
  await mountDisks(planDemo(dir, { ...shape, diskMegabytes: null }));
  assert.deepEqual(await readdir(dir), []);
});
