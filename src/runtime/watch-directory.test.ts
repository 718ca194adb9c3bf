import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { watchDirectory } from './watch-directory.ts';

it('tells what changes in a directory, and of one that cannot be watched tells nothing and throws nothing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-watch-'));
  try {
    const changed = Promise.withResolvers<string | null>();
    const stop = watchDirectory(directory, changed.resolve);
    writeFileSync(join(directory, 'file'), '');
    assert.equal(await changed.promise, 'file');
    stop();
    watchDirectory(join(directory, 'none'), changed.resolve)();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
