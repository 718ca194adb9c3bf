import { describeError } from '../../core/problem.ts';
import type { PassOutcome, Progress } from '../../synchronizer/pass/outcome.ts';
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
  const [{ openSync, readConfigFile }, { runPass }, { statusOf, statusOfError, writeStatus }] =
    await Promise.all([
      import('../../synchronizer/config/open-sync.ts'),
      import('../../synchronizer/pass/run-pass.ts'),
      import('../../synchronizer/state/status-file.ts'),
    ]);
  keepHeapSmall();
  const config = await readConfigFile(given.config);
  const now = (): string => new Date().toISOString();
  const dryRun = given.dryRun === true;
  const outcome = await interruptible(async (signal) => {
    const opened = await openSync(config, signal);
    const { acceptRemovals } = given;
    let unfinished: PassOutcome | null = null;
    try {
      return await runPass(opened, {
        ...(acceptRemovals === undefined ? {} : { acceptedRemovals: acceptRemovals }),
        safe: given.safe ?? null,
        dryRun,
        full: given.full === true,
        signal,
        onProgress: tellProgress(context),
        onUnfinished: (done) => {
          unfinished = done;
        },
      });
    } catch (error) {
      if (!dryRun)
        await writeStatus(config.stateDirectory, statusOfError(describeError(error), now(), unfinished));
      throw error;
    } finally {
      await opened.source.close();
    }
  });
  if (!dryRun) await writeStatus(config.stateDirectory, statusOf(outcome, now()));
  context.answer(given.json ? jsonText(outcome) : renderOutcome(outcome, context.style));
  if (needsAttention(outcome)) process.exitCode = 1;
}

function needsAttention({ stopped, failures, reports }: PassOutcome): boolean {
  return (
    stopped !== null ||
    failures.length > 0 ||
    reports.some(({ code }) => !['renamed', 'retained', 'permits_lost'].includes(code))
  );
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
