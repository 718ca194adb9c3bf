import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { consumeAccepted, putAccepted, readAccepted } from './accepted.ts';

test('removals are accepted for a day at most, once, and by nothing that cannot be understood', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-accepted-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  assert.equal(await readAccepted(directory), null);
  const first = await putAccepted(directory, 2);
  assert.deepEqual(await readAccepted(directory), first);
  assert.equal(await readAccepted(directory, Date.parse(first.since) + 24 * 3_600_000), null);
  const second = await putAccepted(directory, 3);
  await consumeAccepted(directory, first);
  assert.deepEqual(await readAccepted(directory), second, 'what came meanwhile is for the next pass');
  await consumeAccepted(directory, second);
  assert.equal(await readAccepted(directory), null);
  for (const nonsense of ['{', '{"removals":-1,"since":"2026-01-01"}', '{"removals":3}', 'null']) {
    writeFileSync(join(directory, 'accepted.json'), nonsense);
    assert.equal(await readAccepted(directory), null, nonsense);
  }
});
