import assert from 'node:assert/strict';
import { chownSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { putAccepted } from '../run/accepted.ts';
import { standsAlone } from '../http/report.ts';
import { putPause } from '../run/pause.ts';
import { lockStateDirectory } from './directory-lock.ts';
import { keepStanding } from './standing-file.ts';
import { openStateFile } from './state-file.ts';
import { keepError } from './status-file.ts';

test('whatever root writes into a state directory belongs to whom the directory belongs to', {
  skip: process.getuid?.() === 0 ? false : 'only root can give files away',
}, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-beside-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  chownSync(directory, 65_534, 65_534);
  const lock = await lockStateDirectory(directory);
  await (await openStateFile(directory, 'a target')).save();
  await keepError(directory, 'no', null);
  await keepStanding(directory, () => standsAlone)();
  await putPause(directory, null);
  await putAccepted(directory, 1);
  const names = readdirSync(directory);
  assert.equal(names.length, 7, names.join());
  for (const name of names) assert.equal(statSync(join(directory, name)).uid, 65_534, name);
  await lock.release();
});
