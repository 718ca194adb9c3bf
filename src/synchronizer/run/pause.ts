import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isProblem, Problem } from '../../core/problem.ts';
import { makeDirectory, readFileIfThere } from '../../runtime/files.ts';
import { watchDirectory } from '../../runtime/watch-directory.ts';
import type { Authority } from '../authority.ts';
import { writeBeside } from '../state/beside.ts';
import { onDisk } from '../state/unusable.ts';

/** That a synchronizer is told to rest. It lies in the state directory, so it outlives restarts. */
export interface Pause {
  readonly since: string;
  readonly because: string | null;
}

const fileName = 'paused.json';
/** Where nobody tells of changes: over NFS, or where inotify is used up. */
const lookEveryMs = 2000;

/** null: it is not paused. A file that cannot be read or understood is a pause: somebody wanted one. */
export async function readPause(directory: string): Promise<Pause | null> {
  try {
    const text = await readFileIfThere(join(directory, fileName));
    if (text === null) return null;
    if (text === '') return { since: 'an unknown time', because: null };
    const { since, because }: Partial<Pause> = JSON.parse(text);
    if (typeof since === 'string') return { since, because: typeof because === 'string' ? because : null };
  } catch {
    // said below
  }
  const path = join(directory, fileName);
  return { since: 'an unknown time', because: `${path} cannot be read or understood; remove it to go on` };
}

/**
 * Pauses. One that is paused already keeps its time, and gets the new reason if there is one. On a disk that is full, an empty file has
 * room as a rule, and is a pause without time and reason.
 *
 * @throws Problem `config_invalid`, `disk_full`
 */
export async function putPause(directory: string, because: string | null): Promise<Pause> {
  await onDisk(directory, () => makeDirectory(directory, 0o700));
  const known = await readPause(directory);
  const pause: Pause = {
    since: known?.since ?? new Date().toISOString(),
    because: because ?? known?.because ?? null,
  };
  const path = join(directory, fileName);
  try {
    await onDisk(directory, () => writeBeside(path, `${JSON.stringify(pause)}\n`));
  } catch (error) {
    if (!isProblem(error, 'disk_full')) throw error;
    if (known === null) await onDisk(directory, () => writeBeside(path, ''));
  }
  return pause;
}

/** Resumes. @returns whether it was paused */
export async function removePause(directory: string): Promise<boolean> {
  const known = await readPause(directory);
  await rm(join(directory, fileName), { force: true });
  return known !== null;
}

/** A pause, watched for as long as a synchronizer runs. */
export interface PauseWatch {
  readonly current: () => Pause | null;
  /** Aborted once it is paused; of the time until the next resumption. */
  readonly signal: () => AbortSignal;
  /** Waits until it is not paused, or `stop` says that nobody waits any more. */
  readonly resumed: () => Promise<void>;
}

/** Begins to watch. @param stop ends it */
export async function watchPause(directory: string, stop: AbortSignal): Promise<PauseWatch> {
  await makeDirectory(directory, 0o700);
  let current: Pause | null = null;
  let controller = new AbortController();
  let resumption = Promise.withResolvers<void>();
  resumption.resolve();
  const look = async (): Promise<void> => {
    const found = await readPause(directory);
    if (found !== null && current === null) {
      resumption = Promise.withResolvers();
      if (stop.aborted) resumption.resolve();
      current = found;
      controller.abort();
    } else if (found === null && current !== null) {
      current = null;
      controller = new AbortController();
      resumption.resolve();
    } else current = found;
  };
  const looks = inTurns(look);
  await looks();
  const unwatch = watchDirectory(directory, (name) => {
    if (name === null || name === fileName) void looks();
  });
  const timer = setInterval(() => void looks(), lookEveryMs);
  timer.unref();
  stop.addEventListener(
    'abort',
    () => {
      unwatch();
      clearInterval(timer);
      resumption.resolve();
    },
    { once: true },
  );
  return {
    current: () => current,
    signal: () => controller.signal,
    resumed: async () => {
      timer.ref(); // whoever rests may have nothing else that keeps the process
      await resumption.promise;
      timer.unref();
    },
  };
}

/** One look at a time: an older one must not have the last word. */
function inTurns(look: () => Promise<void>): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.then(look);
    return last;
  };
}

/** An authority that ends while there is a pause. What writes asks it before each request, so no request is cut in two. */
export function restingAuthority(authority: Authority, pauses: PauseWatch): Authority {
  return {
    writer: () => {
      if (pauses.current() !== null) throw new Problem('interrupted', 'paused.');
      return authority.writer();
    },
  };
}
