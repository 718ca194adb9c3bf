import type { PassDesk } from '../../synchronizer/run-desk.ts';
import type { PassOutcome } from '../../synchronizer/pass/outcome.ts';
import { keepHeapSmall } from '../../runtime/small-heap.ts';
import { interruptible } from '../interrupt.ts';

/** Pass after pass. A pass that fails is logged, and the next one comes all the same; the configuration is read anew for each. */
export async function syncRun(given: { readonly config: string }): Promise<void> {
  const [
    { openSync, readConfigFile },
    { runPass },
    { openDesk },
    { standsAlone },
    { createLogger },
    { pause },
    problem,
  ] = await Promise.all([
    import('../../synchronizer/config/open-sync.ts'),
    import('../../synchronizer/pass/run-pass.ts'),
    import('../../synchronizer/run-desk.ts'),
    import('../../synchronizer/http/report.ts'),
    import('../../runtime/log.ts'),
    import('../../runtime/pause.ts'),
    import('../../core/problem.ts'),
  ]);
  keepHeapSmall();
  const log = createLogger({ name: 'synchronizer' });
  let config = await readConfigFile(given.config);
  await interruptible(async (stop) => {
    const desk = await openDesk({ config: () => config, standing: () => standsAlone, stop });
    const pass = async ({ signal, onProgress, authority }: PassDesk): Promise<PassOutcome> => {
      config = sameDirectory(config, await readConfigFile(given.config));
      const settings = await openSync(config, stop, desk.report.called);
      try {
        const options = { safe: null, dryRun: false, full: false, signal, onProgress };
        return await runPass({ ...settings, authority: authority(settings.authority) }, options);
      } finally {
        await settings.source.close();
      }
    };
    const { pauses } = desk;
    try {
      while (!stop.aborted) {
        const resting = pauses.current();
        if (resting !== null) {
          log.info(resting, 'paused');
          await pauses.resumed();
          if (!stop.aborted) log.info('resumed');
          continue;
        }
        const ended = await desk.pass(pass);
        if (ended.end === 'interrupted') continue;
        if (ended.end === 'failed') log.error({ fault: problem.describeError(ended.error) }, 'pass failed');
        else {
          const { counts, seconds, mode, stopped } = ended.status;
          const sentence = stopped === null ? 'pass done' : 'pass stopped: too many removals';
          log.info({ counts, seconds, mode, stopped }, sentence);
        }
        await pause(config.everyMs, AbortSignal.any([stop, pauses.signal()]));
      }
    } finally {
      await desk.close();
    }
  });

  /** The lock is on the directory that it began with, and the status and pause of a run lie there. */
  function sameDirectory(known: typeof config, read: typeof config): typeof config {
    if (read.stateDirectory === known.stateDirectory) return read;
    throw new problem.Problem(
      'config_invalid',
      'stateDirectory: it was changed while the synchronizer runs; restart it.',
    );
  }
}
