import type { SyncPlace } from '../../synchronizer/config/read-place.ts';
import type { CliContext } from '../context.ts';
import { plain } from '../render/plain.ts';

export interface SyncPauseArguments {
  readonly config: string;
  readonly because?: string;
}

/** Tells the synchronizer of this state directory to rest, whether it runs now or later. */
export async function syncPause(given: SyncPauseArguments, context: CliContext): Promise<void> {
  const { putPause } = await import('../../synchronizer/run/pause.ts');
  const { stateDirectory, takesPart } = await placeOf(given);
  await putPause(stateDirectory, given.because ?? null);
  context.say(
    `✓ Paused, also across restarts. A pass under way ends before its next write. To go on: holdfast sync resume --config ${plain(given.config)}`,
  );
  if (takesPart)
    context.say(
      '· The others of its election go on. To stop all of it, pause each where it runs, the leader last.',
    );
}

export async function syncResume(given: SyncPauseArguments, context: CliContext): Promise<void> {
  const { removePause } = await import('../../synchronizer/run/pause.ts');
  const wasPaused = await removePause((await placeOf(given)).stateDirectory);
  context.say(wasPaused ? '✓ Resumed.' : 'It was not paused.');
}

async function placeOf({ config }: SyncPauseArguments): Promise<SyncPlace> {
  const { readPlace } = await import('../../synchronizer/config/read-place.ts');
  return readPlace(config);
}
