import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Standing } from '../http/report.ts';
import { keepStanding, readStanding } from './standing-file.ts';

test('a role that could not be written down is written by the next call', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'holdfast-standing-'));
  t.after(() => rm(parent, { recursive: true, force: true }));
  const directory = join(parent, 'state');
  await mkdir(directory);
  let standing: Standing = { role: 'standby', leaseLeftMs: null };
  const keep = keepStanding(directory, () => standing);
  await keep();
  const first = await readStanding(directory);
  assert.equal(first?.role, 'standby');
  await keep();
  assert.deepEqual(await readStanding(directory), first, 'nothing changed, so nothing is written');
  await rm(directory, { recursive: true });
  standing = { role: 'leader', leaseLeftMs: 1000 };
  await assert.rejects(keep());
  await mkdir(directory);
  await keep();
  assert.equal((await readStanding(directory))?.role, 'leader');
});
