import { needsAttention } from '../../core/sync/attention.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import type { PassOutcome, Progress } from '../../synchronizer/pass/outcome.ts';
import type { OnceTurn } from '../../synchronizer/election/while-elected.ts';
import { keepHeapSmall } from '../../runtime/small-heap.ts';
import type { CliContext } from '../context.ts';
import { interruptible } from '../interrupt.ts';
import { jsonText } from '../render/json-text.ts';
import { progressText } from '../render/progress.ts';
import { renderOutcome } from '../render/sync-outcome.ts';

export interface SyncOnceArguments {
  readonly config: string;
  readonly safe?: string;
  readonly dryRun?: true;
  readonly full?: true;
  readonly acceptRemovals?: number;
  readonly json?: true;
}

const progressEveryMs = 5000;

/** One pass. What became of it is kept for `sync status`, unless it was a dry run. */
export async function syncOnce(given: SyncOnceArguments, context: CliContext): Promise<void> {
  const [
    { openSync, readConfigFile },
    { runPass },
    { whileElected },
    { keepError, keepStatus },
    { whileLocked },
    { readPause },
    { unusable },
  ] = await Promise.all([
    import('../../synchronizer/config/open-sync.ts'),
    import('../../synchronizer/pass/run-pass.ts'),
    import('../../synchronizer/election/while-elected.ts'),
    import('../../synchronizer/state/status-file.ts'),
    import('../../synchronizer/state/directory-lock.ts'),
    import('../../synchronizer/run/pause.ts'),
    import('../../synchronizer/state/unusable.ts'),
  ]);
  keepHeapSmall();
  const config = await readConfigFile(given.config);
  const layout = { base: config.branch, vault: config.vault };
  const dryRun = given.dryRun === true;
  const pass = async (turn: OnceTurn): Promise<PassOutcome> => {
    const { signal } = turn;
    const { acceptRemovals } = given;
    let unfinished: PassOutcome | null = null;
    const opened = await openSync(config, signal, undefined, turn.position);
    try {
      const outcome = await runPass(turn.settings(opened), {
        ...(acceptRemovals === undefined ? {} : { acceptedRemovals: acceptRemovals }),
        safe: given.safe ?? null,
        dryRun,
        full: given.full === true,
        takesOver: turn.isElected,
        signal,
        onProgress: tellProgress(context),
        onUnfinished: (done) => {
          unfinished = done;
        },
      });
      if (!dryRun) {
        const { error } = await keepStatus(config.stateDirectory, layout, outcome);
        if (error !== null) tellUnkept(unusable(config.stateDirectory, error), context);
      }
      return outcome;
    } catch (error) {
      if (!dryRun) await keepError(config.stateDirectory, wordsOf(error), unfinished);
      throw error;
    } finally {
      await opened.close();
    }
  };
  if (!dryRun && (await readPause(config.stateDirectory)) !== null)
    context.say('· It is paused, or may be; this pass is made all the same.');
  // A leader alone sees the whole target, so an election is held for a dry run, too.
  const elected = (signal: AbortSignal): Promise<PassOutcome> =>
    whileElected(config, { signal, warn: context.say }, pass);
  // A dry run leaves nothing behind, so the directory may be another process's.
  const outcome = await interruptible((signal) =>
    dryRun ? elected(signal) : whileLocked(config.stateDirectory, () => elected(signal)).catch(andAdvise),
  );
  context.answer(given.json ? jsonText(outcome) : renderOutcome(outcome, context.style));
  if (needsAttention(outcome)) process.exitCode = 1;
}

/** Beside a synchronizer that runs, there is another way to what is asked for most. */
function andAdvise(error: unknown): never {
  if (!isProblem(error, 'state_in_use')) throw error;
  const sentence = `${error.detail} To let the one that runs remove more than it may: "holdfast sync accept-removals N".`;
  throw new Problem('state_in_use', sentence, { cause: error });
}

/** The pass went through, and "sync status" will not know of it. */
function tellUnkept({ detail }: Problem, context: CliContext): void {
  context.say(`✗ What became of this pass cannot be written down. ${detail}`);
  process.exitCode = 1;
}

/** Texts of foreign errors may hold anything, and the file is read by others. */
function wordsOf(error: unknown): string {
  return isProblem(error) ? error.detail : 'an unexpected error; the command said which';
}

/** A sentence every few seconds. */
function tellProgress(context: CliContext): (progress: Progress) => void {
  let toldAt = performance.now();
  let valuesSince: number | null = null;
  return (progress) => {
    const at = performance.now();
    if (progress.phase === 'values') valuesSince ??= at;
    if (at - toldAt < progressEveryMs) return;
    toldAt = at;
    if (progress.phase === 'target') context.say(`· ${progress.variables} variables of the target are read`);
    if (progress.phase === 'values') {
      context.say(`· ${progressText(progress.done, progress.total, at - (valuesSince ?? at))}`);
    }
  };
}
