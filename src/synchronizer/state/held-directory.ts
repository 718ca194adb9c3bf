import { lockStateDirectory } from './directory-lock.ts';

/** A state directory that a run holds for as long as it lives, even when people delete it meanwhile. */
export interface HeldDirectory {
  /**
   * Takes it anew when the lock is not there any more: somebody has deleted it, or put another directory in its place.
   *
   * @returns whether it had to be taken anew
   * @throws Problem `state_in_use` when another one has taken it; `config_invalid`, `disk_full` when it cannot be used
   */
  readonly ensure: () => Promise<boolean>;
  readonly release: () => Promise<void>;
}

/** @param tell what is said to whoever asks the holder. @throws as `ensure` */
export async function holdStateDirectory(directory: string, tell: () => string): Promise<HeldDirectory> {
  let lock = await lockStateDirectory(directory, tell);
  return {
    ensure: async () => {
      if (await lock.isThere()) return false;
      const before = lock;
      lock = await lockStateDirectory(directory, tell);
      await before.release();
      return true;
    },
    release: () => lock.release(),
  };
}
