import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { type DemoRecord, prepareDirectory, readRecord, writeRecord } from './directory.ts';

const record: DemoRecord = {
  product: 'holdfast-demo',
  version: 1,
  shape: {
    port: 8400,
    ttlSeconds: 5,
    standbys: 2,
    followers: 1,
    subnet: null,
    diskMegabytes: null,
    fakeClocks: false,
  },
  made: ['n1'],
  apiKey: 'key',
};

async function place(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-demo-dir-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('a directory with somebody else in it is refused, and left as it was', async (t) => {
  const dir = await place(t);
  await writeFile(join(dir, 'letter.txt'), 'mine');
  for (const fresh of [false, true]) {
    await assert.rejects(prepareDirectory(dir, fresh), (error) => isProblem(error, 'directory_not_ours'));
  }
  assert.deepEqual(await readdir(dir), ['letter.txt']);
});

test('a demo is found again, readable to its owner alone, and wiped on demand', async (t) => {
  const dir = await place(t);
  await writeRecord(dir, record);
  await mkdir(join(dir, 'n1'));
  assert.deepEqual(await prepareDirectory(dir, false), record);
  assert.equal((await stat(join(dir, 'plan.json'))).mode & 0o777, 0o600);
  assert.equal(await prepareDirectory(dir, true), null);
  assert.deepEqual(await readdir(dir), []);
});

test('a plan of another program is not taken for one', async (t) => {
  const dir = await place(t);
  await writeFile(join(dir, 'plan.json'), '{"product":"garden"}');
  await assert.rejects(readRecord(dir), (error) => isProblem(error, 'config_invalid'));
});

const asRoot = { skip: process.getuid?.() === 0 ? false : 'only root runs PostgreSQL as another user' };

test(
  'a private directory is made passable for PostgreSQL; a closed one above it is named',
  asRoot,
  async (t) => {
    const parent = await place(t);
    const dir = join(parent, 'demo');
    await mkdir(dir, { mode: 0o700 });
    await assert.rejects(
      prepareDirectory(dir, false),
      (error) => isProblem(error, 'config_invalid') && error.detail.includes(`chmod o+x ${parent}`),
    );
    await chmod(parent, 0o711);
    await prepareDirectory(dir, false);
    assert.equal((await stat(dir)).mode & 0o777, 0o711);
  },
);
