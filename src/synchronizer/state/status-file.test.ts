import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { readAccepted } from '../run/accepted.ts';
import { readPause } from '../run/pause.ts';
import { quietOutcome } from '../testing/outcome.ts';
import { readStanding } from './standing-file.ts';
import { keepError, keepStatus, readStatus } from './status-file.ts';

const layout = { base: 'root', vault: 'v' };
/** Of another version, of another program, or cut off. */
const strange = [
  '',
  '{',
  'null',
  '7',
  '[]',
  '"text"',
  '{}',
  '{"safes":[]}',
  '{"safes":[],"reports":{},"failures":7}',
  '{"format":0,"safes":[],"reports":[],"failures":[]}',
  '{"role":7,"since":{},"leader":[],"removals":"2"}',
];

describe('files of a state directory that somebody else wrote', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hf-status-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const put = (name: string, text: string): void => writeFileSync(join(directory, name), text);

  it('are no status, and the next pass writes its own over them, be it good or not', async () => {
    for (const text of strange) {
      put('status.json', text);
      assert.equal(await readStatus(directory), null, text);
      const { status: failed } = await keepError(directory, 'no.', null);
      assert.deepEqual(await readStatus(directory), failed);
      put('status.json', text);
      const { status: kept } = await keepStatus(directory, layout, quietOutcome);
      assert.deepEqual(await readStatus(directory), kept);
    }
  });

  it('are no role and no acceptance; a pause they are, for somebody wanted one', async () => {
    for (const text of strange.filter((each) => each !== '')) {
      for (const name of ['standing.json', 'accepted.json', 'paused.json']) put(name, text);
      assert.deepEqual([await readStanding(directory), await readAccepted(directory)], [null, null], text);
      assert.match((await readPause(directory))?.because ?? '', /cannot be read or understood/u, text);
    }
    put('paused.json', '');
    const pause = { since: 'an unknown time', because: null };
    assert.deepEqual(await readPause(directory), pause, 'on a full disk, an empty file has room');
  });

  it('have no names or faults but those that are texts', async () => {
    put('standing.json', '{"role":"standby","since":"2026-01-01","leader":7,"fault":{}}');
    const standing = { role: 'standby', since: '2026-01-01', leader: null, fault: null };
    assert.deepEqual(await readStanding(directory), standing);
  });
});
