import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { TargetNode } from '../target.ts';
import { overwrite, wipe } from './directories.ts';

async function deadNode(t: TestContext): Promise<TargetNode> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-ruin-'));
  t.after(() => rm(dir, { recursive: true }));
  for (const instance of ['data', 'audit']) {
    const global = join(dir, instance, 'pgdata', 'global');
    await mkdir(global, { recursive: true });
    await writeFile(join(global, 'pg_control'), Buffer.alloc(8192));
  }
  const api = { url: 'https://localhost:1', ca: '' };
  const dataDir = join(dir, 'data', 'pgdata');
  return { name: 'n1', dir, api, processGroup: 0, dataDir, disk: null, clock: null };
}

test('one directory is emptied and the other removed; where nothing is left, that is said', async (t) => {
  const node = await deadNode(t);
  await wipe(node);
  assert.deepEqual(await readdir(node.dataDir), []);
  assert.deepEqual(await readdir(join(node.dir, 'audit')), []);
  await assert.rejects(wipe(node), /is empty already/u);
});

test('a file is overwritten at its length; one that is not there is not made', async (t) => {
  const node = await deadNode(t);
  const path = join(node.dataDir, 'global', 'pg_control');
  await overwrite('global/pg_control')(node);
  const content = await readFile(path);
  assert.equal(content.length, 8192);
  assert.ok(content.some((byte) => byte !== 0));
  await assert.rejects(overwrite('PG_VERSION')(node), /ENOENT/u);
});
