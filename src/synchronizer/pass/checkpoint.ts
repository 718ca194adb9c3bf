import type { StateFile } from '../state/state-file.ts';

/**
 * Saves the state when it was not for so long, and at once with `now`. One save at a time: what came later never lies under what came
 * before.
 */
export function checkpoints(stateFile: StateFile, everyMs: number): (now?: 'now') => Promise<void> {
  let savedAt = performance.now();
  let saving = Promise.resolve();
  return async (now) => {
    if (now === undefined && performance.now() - savedAt < everyMs) return;
    savedAt = performance.now();
    saving = saving.catch(() => undefined).then(() => stateFile.save());
    await saving;
  };
}
