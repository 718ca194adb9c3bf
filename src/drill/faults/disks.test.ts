import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommandOk } from '../../runtime/run-command.ts';
import { fill } from './disks.ts';

const needsRoot = process.getuid?.() === 0 ? false : 'file systems are mounted by root';

test('a disk is full until the fault is undone, and nothing is left on it', {
  skip: needsRoot,
}, async (t) => {
  const disk = await mkdtemp(join(tmpdir(), 'holdfast-disk-'));
  await runCommandOk(['mount', '-t', 'tmpfs', '-o', 'size=8m', 'holdfast-test', disk], { timeoutMs: 5000 });
  t.after(async () => {
    await runCommandOk(['umount', disk], { timeoutMs: 5000 });
    await rm(disk, { recursive: true });
  });
  await writeFile(join(disk, 'data'), Buffer.alloc(1024 * 1024));
  const before = await statfs(disk);

  const struck = await fill('n1', disk);
  assert.equal(await struck.takesEffect(), true);
  await assert.rejects(writeFile(join(disk, 'more'), 'x'.repeat(8192)), /ENOSPC/u);
  await rm(join(disk, 'data'));
  assert.equal(await struck.takesEffect(), true, 'what becomes free is taken too');

  await struck.undo();
  await struck.undo();
  assert.ok((await statfs(disk)).bavail > before.bavail);
  assert.deepEqual(
    (await readdir(disk)).filter((name) => name !== 'more'),
    [],
  );
});
