import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAcceptance } from './acceptance.ts';
import { putAccepted, readAccepted } from './accepted.ts';

test('what was accepted is used once, also where it cannot be deleted; a later word counts', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-acceptance-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const faults: unknown[] = [];
  const file = join(directory, 'accepted.json');
  const acceptance = openAcceptance(directory, (error) => faults.push(error));
  const first = await putAccepted(directory, 2);
  const found = await acceptance.forPass();
  assert.deepEqual(found, first);
  // What cannot be read cannot be deleted either: as of a disk that fails in mid-pass.
  rmSync(file);
  mkdirSync(file);
  await acceptance.used(found);
  assert.equal(faults.length, 1);
  rmSync(file, { recursive: true });
  writeFileSync(file, JSON.stringify(first));
  assert.equal(await acceptance.forPass(), null, 'it was used');
  assert.equal(await readAccepted(directory), null, 'and is deleted as soon as that can be done');
  const second = await putAccepted(directory, 3);
  assert.deepEqual(await acceptance.forPass(), second);
});
