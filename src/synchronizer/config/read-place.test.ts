import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { readPlace } from './read-place.ts';

test('where a synchronizer works is read of a file with whatever faults', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'hf-place-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const path = join(home, 'sync.yml');
  const place = (text: string) => {
    writeFileSync(path, text);
    return readPlace(path);
  };
  assert.deepEqual(await place('stateDirectory: state\nvault: *nobody\ntarget: 3\nevery: soon\n'), {
    stateDirectory: join(home, 'state'),
    layout: { base: 'root', vault: '' },
    takesPart: false,
  });
  assert.deepEqual(
    await place('stateDirectory: /s\nvault: corp\nbranch: data\nno: known\nno: twice\nelection: 3\n'),
    {
      stateDirectory: '/s',
      layout: { base: 'data', vault: 'corp' },
      takesPart: true,
    },
  );
  for (const text of ['', 'a text', '- a list', 'stateDirectory: 3', 'vault: corp', '{'])
    await assert.rejects(place(text), (error) => isProblem(error, 'config_invalid'), text);
  await assert.rejects(readPlace(join(home, 'none.yml')), /cannot be read \(ENOENT\)/u);
});
