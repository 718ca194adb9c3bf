import { watch } from 'node:fs';

/** Ends watching. */
export type StopWatching = () => void;

/**
 * Tells of changes in a directory, as far as the system can: it is a hint, beside a look from time to time. inotify may be used up by
 * others of the same user (EMFILE, ENOSPC; inotify(7)), and network file systems tell nobody of what other machines do.
 *
 * @param onChange the name of what changed; null: nobody knows
 */
export function watchDirectory(directory: string, onChange: (name: string | null) => void): StopWatching {
  try {
    const watcher = watch(directory, { persistent: false }, (_event, name) => onChange(name));
    watcher.on('error', () => undefined);
    return () => watcher.close();
  } catch {
    return () => undefined;
  }
}
