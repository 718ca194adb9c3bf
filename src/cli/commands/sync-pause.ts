import type { CliContext } from '../context.ts';
import { plain } from '../render/plain.ts';

export interface SyncPauseArguments {
  readonly config: string;
  readonly because?: string;
}

/** Tells the synchronizer of this state directory to rest, whether it runs now or later. */
export async function syncPause(given: SyncPauseArguments, context: CliContext): Promise<void> {
  const { putPause } = await import('../../synchronizer/run/pause.ts');
  await putPause(await stateDirectoryOf(given), given.because ?? null);
  context.say(
    `✓ Paused, also across restarts. A pass under way ends before its next write. To go on: holdfast sync resume --config ${plain(given.config)}`,
  );
}

export async function syncResume(given: SyncPauseArguments, context: CliContext): Promise<void> {
  const { removePause } = await import('../../synchronizer/run/pause.ts');
  const wasPaused = await removePause(await stateDirectoryOf(given));
  context.say(wasPaused ? '✓ Resumed.' : 'It was not paused.');
}

async function stateDirectoryOf({ config }: SyncPauseArguments): Promise<string> {
  const { readPlace } = await import('../../synchronizer/config/read-place.ts');
  return (await readPlace(config)).stateDirectory;
}
