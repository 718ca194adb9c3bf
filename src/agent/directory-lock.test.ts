import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { lockDirectory } from './directory-lock.ts';
import { nodeLayout } from './layout.ts';

describe('the lock of a node directory', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'hf-lock-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('is refused to a second guardian while the first lives', async () => {
    const first = await lockDirectory(nodeLayout(dir));
    await assert.rejects(lockDirectory(nodeLayout(dir)), (error) => isProblem(error, 'directory_in_use'));
    await first.release();
    await (await lockDirectory(nodeLayout(dir))).release();
  });

  it('is taken over from a process that is gone, also when its pid is used again', async () => {
    const layout = nodeLayout(dir);
    await (await lockDirectory(layout)).release();
    writeFileSync(join(layout.state, 'guardian.lock'), `${process.pid} 1\n`);
    await (await lockDirectory(layout)).release();
    writeFileSync(join(layout.state, 'guardian.lock'), 'rubbish');
    await (await lockDirectory(layout)).release();
  });
});
