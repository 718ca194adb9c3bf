import type { PassOutcome } from '../../synchronizer/pass/outcome.ts';
import { keepHeapSmall } from '../../runtime/small-heap.ts';
import { interruptible } from '../interrupt.ts';

/** Pass after pass. A pass that fails is logged, and the next one comes all the same; the configuration is read anew for each. */
export async function syncRun(given: { readonly config: string }): Promise<void> {
  const [
    { openSync, readConfigFile },
    { runPass },
    { statusOf, statusOfError, writeStatus },
    { createLogger },
    { pause },
    problem,
  ] = await Promise.all([
    import('../../synchronizer/config/open-sync.ts'),
    import('../../synchronizer/pass/run-pass.ts'),
    import('../../synchronizer/state/status-file.ts'),
    import('../../runtime/log.ts'),
    import('../../runtime/pause.ts'),
    import('../../core/problem.ts'),
  ]);
  keepHeapSmall();
  const log = createLogger({ name: 'synchronizer' });
  let config = await readConfigFile(given.config);
  let unfinished: PassOutcome | null = null;
  const pass = async (signal: AbortSignal): Promise<PassOutcome> => {
    config = await readConfigFile(given.config);
    const settings = await openSync(config, signal);
    try {
      return await runPass(settings, {
        safe: null,
        dryRun: false,
        full: false,
        signal,
        onProgress: () => undefined,
        onUnfinished: (done) => {
          unfinished = done;
        },
      });
    } finally {
      await settings.source.close();
    }
  };
  await interruptible(async (signal) => {
    while (!signal.aborted) {
      unfinished = null;
      try {
        const status = statusOf(await pass(signal), new Date().toISOString());
        await writeStatus(config.stateDirectory, status);
        const { counts, seconds, mode, stopped } = status;
        const sentence = stopped === null ? 'pass done' : 'pass stopped: too many removals';
        log.info({ counts, seconds, mode, stopped }, sentence);
      } catch (error) {
        if (signal.aborted) break;
        const fault = problem.describeError(error);
        log.error({ fault }, 'pass failed');
        const status = statusOfError(fault, new Date().toISOString(), unfinished);
        await writeStatus(config.stateDirectory, status).catch(() => undefined);
      }
      await pause(config.everyMs, signal);
    }
  });
}
