import { readdir, rename, rm } from 'node:fs/promises';
import { Problem } from '../core/problem.ts';
import { syncDirectory } from '../runtime/files.ts';
import { exists } from './exists.ts';
import { requireNoStrays } from './kill.ts';
import { type CopyMarker, markRewinding, readCopyMarker, writeCopyMarker } from './markers.ts';
import { beside, type InstanceSettings, pgdata } from './settings.ts';

export const halfMadeCopy = 'pgdata.copy';
const givenUp = 'pgdata.given-up';

/** A name for the directory that is about to be moved aside: `pgdata.old-1`, or the next number that is free. */
export async function freshNameForOld(settings: InstanceSettings): Promise<string> {
  let number = 1;
  while (await exists(beside(settings, `pgdata.old-${number}`))) number += 1;
  return `pgdata.old-${number}`;
}

/**
 * Finishes, or clears, whatever an interruption of a copy left, by its marker; nothing to do is fine. To be called before
 * anything else is done with an instance that is not running. Every step can itself be interrupted and done again.
 */
export async function settleDirectories(settings: InstanceSettings): Promise<void> {
  requireNoStrays(settings);
  const marker = await readCopyMarker(settings);
  if (marker?.step === 'backup') await clearBackup(settings, marker);
  else if (marker?.step === 'swap') await swap(settings, marker);
  else if (marker?.step === 'put-back') await finishPutBack(settings, marker);
}

/** Gives up a copy that is in place but was not seen streaming: the directory from before is `pgdata` again. */
export async function putBack(settings: InstanceSettings): Promise<void> {
  await settleDirectories(settings);
  const marker = await readCopyMarker(settings);
  if (marker === null) return;
  if (marker.movedAside !== null && !(await exists(beside(settings, marker.movedAside)))) {
    throw new Problem(
      'copy_failed',
      `${beside(settings, marker.movedAside)} is gone: nothing can be put back.`,
    );
  }
  const next: CopyMarker = { ...marker, step: 'put-back' };
  await writeCopyMarker(settings, next);
  await finishPutBack(settings, next);
}

/** The copy streams: forget that there was another directory. The instance may be running. */
export async function discardMovedAside(settings: InstanceSettings): Promise<void> {
  const marker = await readCopyMarker(settings);
  if (marker !== null && marker.step !== 'proving') {
    throw new Problem('copy_failed', `a copy stands at "${marker.step}": it cannot have been proven`);
  }
  // First the marker: without it the rest is rubbish, with it the rest is the last good data.
  await writeCopyMarker(settings, null);
  for (const name of await readdir(settings.dir)) {
    if (name.startsWith('pgdata.old-')) await removeTree(settings, name);
  }
}

async function clearBackup(settings: InstanceSettings, marker: CopyMarker): Promise<void> {
  await removeTree(settings, halfMadeCopy);
  const waits = marker.movedAside !== null && (await exists(beside(settings, marker.movedAside)));
  await writeCopyMarker(settings, waits ? { ...marker, step: 'proving' } : null);
}

async function swap(settings: InstanceSettings, marker: CopyMarker): Promise<void> {
  const { movedAside } = marker;
  // Without the copy the last rename was done already. With it, whatever is called `pgdata` has to give way.
  if (await exists(beside(settings, halfMadeCopy))) {
    if (await exists(pgdata(settings))) {
      const free = movedAside !== null && !(await exists(beside(settings, movedAside)));
      await removeTree(settings, givenUp);
      await move(settings, 'pgdata', free ? movedAside : givenUp);
    }
    // The half-rewound directory is not `pgdata` any more; the copy's marker remembers what it is.
    await markRewinding(settings, false);
    await move(settings, halfMadeCopy, 'pgdata');
  }
  await removeTree(settings, givenUp);
  await writeCopyMarker(settings, { ...marker, step: 'proving' });
}

async function finishPutBack(settings: InstanceSettings, marker: CopyMarker): Promise<void> {
  const { movedAside } = marker;
  const waiting = movedAside !== null && (await exists(beside(settings, movedAside)));
  if (waiting || movedAside === null) {
    await removeTree(settings, givenUp);
    if (await exists(pgdata(settings))) await move(settings, 'pgdata', givenUp);
  }
  if (waiting) {
    if (marker.movedAsideHalfRewound) await markRewinding(settings, true);
    await move(settings, movedAside, 'pgdata');
  }
  await removeTree(settings, givenUp);
  await writeCopyMarker(settings, null);
}

async function move(settings: InstanceSettings, from: string, to: string): Promise<void> {
  await rename(beside(settings, from), beside(settings, to));
  await syncDirectory(settings.dir);
}

async function removeTree(settings: InstanceSettings, name: string): Promise<void> {
  await rm(beside(settings, name), { recursive: true, force: true });
}
