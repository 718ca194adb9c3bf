import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { createLogger } from '../runtime/log.ts';
import { type CopyMarker, isHalfRewound, markRewinding, readCopyMarker, writeCopyMarker } from './markers.ts';
import { discardMovedAside, putBack, settleDirectories } from './moved-aside.ts';
import type { InstanceSettings } from './settings.ts';

/** Only directories are renamed here: files stand for what they hold. */
let settings: InstanceSettings;

before(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hf-aside-'));
  settings = {
    name: 'data',
    clusterName: 'test',
    nodeName: 'n1',
    dir,
    port: 1,
    listenHost: '127.0.0.1',
    socketDir: dir,
    binDir: '/nowhere',
    runAs: null,
    tls: { caFile: '', certFile: '', keyFile: '' },
    log: createLogger({ name: 'test', level: 'fatal' }),
  };
});
beforeEach(async () => {
  for (const name of await readdir(settings.dir)) await rm(join(settings.dir, name), { recursive: true });
});
after(async () => {
  await rm(settings.dir, { recursive: true });
});

/** Lays out directories with a word in each, and the marker. */
async function lay(directories: Readonly<Record<string, string>>, marker: CopyMarker | null): Promise<void> {
  for (const [name, word] of Object.entries(directories)) {
    await mkdir(join(settings.dir, name));
    await writeFile(join(settings.dir, name, 'word'), word);
  }
  await writeCopyMarker(settings, marker);
}

async function seen(): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const name of (await readdir(settings.dir)).filter((entry) => entry.startsWith('pgdata'))) {
    found[name] = await readFile(join(settings.dir, name, 'word'), 'utf8');
  }
  return found;
}

const swapping: CopyMarker = { step: 'swap', movedAside: 'pgdata.old-1', movedAsideHalfRewound: false };
const swapped = { pgdata: 'new', 'pgdata.old-1': 'old' };

test('an interrupted backup leaves what was there', async () => {
  await lay({ pgdata: 'old', 'pgdata.copy': 'half' }, { ...swapping, step: 'backup' });
  await settleDirectories(settings);
  assert.deepEqual(await seen(), { pgdata: 'old' });
  assert.equal(await readCopyMarker(settings), null);
});

const swapStages: readonly Readonly<Record<string, string>>[] = [
  { pgdata: 'old', 'pgdata.copy': 'new' },
  { 'pgdata.old-1': 'old', 'pgdata.copy': 'new' },
  { pgdata: 'new', 'pgdata.old-1': 'old' },
];
for (const [index, stage] of swapStages.entries()) {
  test(`a swap that was interrupted at rename ${index} is finished`, async () => {
    await lay(stage, swapping);
    await settleDirectories(settings);
    assert.deepEqual(await seen(), swapped);
    assert.equal((await readCopyMarker(settings))?.step, 'proving');
    await settleDirectories(settings);
    assert.deepEqual(await seen(), swapped);
  });
}

test('a second copy does not push out the last good directory', async () => {
  await lay({ pgdata: 'unproven', 'pgdata.copy': 'new', 'pgdata.old-1': 'old' }, swapping);
  await settleDirectories(settings);
  assert.deepEqual(await seen(), swapped);
});

test('an interrupted second backup goes back to waiting for the first to be proven', async () => {
  await lay(
    { pgdata: 'unproven', 'pgdata.copy': 'half', 'pgdata.old-1': 'old' },
    { ...swapping, step: 'backup' },
  );
  await settleDirectories(settings);
  assert.deepEqual(await seen(), { pgdata: 'unproven', 'pgdata.old-1': 'old' });
  assert.equal((await readCopyMarker(settings))?.step, 'proving');
});

const putBackStages: readonly Readonly<Record<string, string>>[] = [
  { pgdata: 'new', 'pgdata.old-1': 'old' },
  { 'pgdata.given-up': 'new', 'pgdata.old-1': 'old' },
  { 'pgdata.given-up': 'new', pgdata: 'old' },
  { pgdata: 'old' },
];
for (const [index, stage] of putBackStages.entries()) {
  test(`a return to the old directory that was interrupted at step ${index} is finished`, async () => {
    await lay(stage, { ...swapping, step: 'put-back' });
    await settleDirectories(settings);
    assert.deepEqual(await seen(), { pgdata: 'old' });
    assert.equal(await readCopyMarker(settings), null);
  });
}

test('a half-rewound directory stays known as one, aside and back', async () => {
  await lay({ pgdata: 'half', 'pgdata.copy': 'new' }, { ...swapping, movedAsideHalfRewound: true });
  await markRewinding(settings, true);
  await settleDirectories(settings);
  assert.equal(await isHalfRewound(settings), false);
  await putBack(settings);
  assert.deepEqual(await seen(), { pgdata: 'half' });
  assert.equal(await isHalfRewound(settings), true);
});

test('without an old directory, a copy that is given up leaves nothing', async () => {
  await lay({ pgdata: 'new' }, { ...swapping, step: 'proving', movedAside: null });
  await putBack(settings);
  assert.deepEqual(await seen(), {});
});

test('only a proven copy discards what was moved aside, and one that never began discards leftovers', async () => {
  await lay({ pgdata: 'old', 'pgdata.copy': 'half' }, { ...swapping, step: 'backup' });
  await assert.rejects(discardMovedAside(settings), /cannot have been proven/);
  await settleDirectories(settings);
  await lay({ 'pgdata.old-7': 'older' }, null);
  await discardMovedAside(settings);
  assert.deepEqual(await seen(), { pgdata: 'old' });
});

test('a marker that cannot be read stops everything', async () => {
  await lay({ pgdata: 'old' }, null);
  await writeFile(join(settings.dir, 'copying'), '{"step":');
  await assert.rejects(settleDirectories(settings), /cannot be read/);
  assert.deepEqual(await seen(), { pgdata: 'old' });
});
