import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';
import { plain } from '../render/plain.ts';

export interface SyncAcceptArguments {
  readonly config: string;
}

/** Lets the next pass of the `sync run` of this state directory remove so many variables. */
export async function syncAcceptRemovals(
  removals: number,
  { config }: SyncAcceptArguments,
  context: CliContext,
): Promise<void> {
  const [{ readPlace }, { putAccepted }, { isLocked }, { readPause }, { readStanding }] = await Promise.all([
    import('../../synchronizer/config/read-place.ts'),
    import('../../synchronizer/run/accepted.ts'),
    import('../../synchronizer/state/directory-lock.ts'),
    import('../../synchronizer/run/pause.ts'),
    import('../../synchronizer/state/standing-file.ts'),
  ]);
  const { stateDirectory } = await readPlace(config);
  const isPaused = (await readPause(stateDirectory)) !== null;
  const standing = (await isLocked(stateDirectory)) ? await readStanding(stateDirectory) : null;
  if (standing?.role === 'standby' && !isPaused) {
    const leader = standing.leader === null ? 'this one does not lead' : `${plain(standing.leader)} leads`;
    throw new Problem('operation_refused', `${leader}: say it where the one runs that makes the passes.`);
  }
  await putAccepted(stateDirectory, removals);
  const when = isPaused
    ? `once it goes on: holdfast sync resume --config ${plain(config)}`
    : standing === null
      ? 'once "holdfast sync run" runs here'
      : 'as soon as it begins';
  context.say(
    `✓ The next pass may remove ${removals} variables, and those after it as many as the rules say.`,
  );
  context.say(`  It is made ${when}. Not made within 24 hours, it may remove no more than the rules say.`);
}
