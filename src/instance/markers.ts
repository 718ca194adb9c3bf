import { rm } from 'node:fs/promises';
import { Problem } from '../core/problem.ts';
import { readFileIfThere, syncDirectory, writeFileAtomically } from '../runtime/files.ts';
import { beside, type InstanceSettings } from './settings.ts';

/*
 * Two files beside `pgdata` remember work that an interruption would leave half done.
 *
 *   rewinding   pg_rewind was at work on `pgdata`: unless it said that it was done, `pgdata` is a mix of two histories.
 *   copying     where a copy stands (CopyMarker below).
 */

/**
 * Where a copy stands.
 *
 *   backup     the base backup goes into `pgdata.copy`; `pgdata` is untouched.
 *   swap       the backup is whole; directories are being renamed. Always finished, never undone.
 *   proving    the copy is in place; the directory that it replaced waits in `movedAside` until the copy streams.
 *   put-back   the copy is given up; directories are being renamed. Always finished.
 */
export type CopyStep = 'backup' | 'swap' | 'proving' | 'put-back';

export interface CopyMarker {
  readonly step: CopyStep;
  /** Name of the directory that holds the data from before, or will; null when there was none. */
  readonly movedAside: string | null;
  /** Whether that directory is itself half-rewound. */
  readonly movedAsideHalfRewound: boolean;
}

/** Unfinished work on an instance, for reports and for the guard before a start. */
export interface Interruption {
  readonly kind: 'rewinding' | 'copying';
  readonly step: CopyStep | null;
  /** A copy that waits to be proven may start: as a standby it shows whether it streams. */
  readonly startable: boolean;
  readonly sentence: string;
}

/** What is unfinished, or null. */
export async function readInterruption(settings: InstanceSettings): Promise<Interruption | null> {
  const copying = await readCopyMarker(settings);
  if (copying !== null) {
    const startable = copying.step === 'proving' && !(await isHalfRewound(settings));
    const sentence =
      copying.step === 'proving'
        ? 'a new copy is in place and has not been seen streaming yet'
        : `a copy was interrupted at "${copying.step}"`;
    return { kind: 'copying', step: copying.step, startable, sentence };
  }
  if (!(await isHalfRewound(settings))) return null;
  return { kind: 'rewinding', step: null, startable: false, sentence: 'a rewind was interrupted' };
}

export async function isHalfRewound(settings: InstanceSettings): Promise<boolean> {
  return (await readFileIfThere(beside(settings, 'rewinding'))) !== null;
}

export async function markRewinding(settings: InstanceSettings, half: boolean): Promise<void> {
  if (half) await writeFileAtomically(beside(settings, 'rewinding'), 'pg_rewind is at work on pgdata\n');
  else await remove(settings, 'rewinding');
}

/** @throws Problem `instance_failed` when the marker cannot be read: then nobody knows which directory is which. */
export async function readCopyMarker(settings: InstanceSettings): Promise<CopyMarker | null> {
  const text = await readFileIfThere(beside(settings, 'copying'));
  if (text === null) return null;
  try {
    const marker: Partial<CopyMarker> = JSON.parse(text);
    const { step, movedAside, movedAsideHalfRewound } = marker;
    if (step !== undefined && movedAside !== undefined && movedAsideHalfRewound !== undefined) {
      return { step, movedAside, movedAsideHalfRewound };
    }
  } catch {
    // told below
  }
  throw new Problem(
    'instance_failed',
    `${beside(settings, 'copying')} cannot be read: see which of the directories beside it is whole, name it pgdata, and remove the file.`,
  );
}

export async function writeCopyMarker(settings: InstanceSettings, marker: CopyMarker | null): Promise<void> {
  if (marker !== null) await writeFileAtomically(beside(settings, 'copying'), `${JSON.stringify(marker)}\n`);
  else await remove(settings, 'copying');
}

async function remove(settings: InstanceSettings, name: string): Promise<void> {
  await rm(beside(settings, name), { force: true });
  await syncDirectory(settings.dir);
}
