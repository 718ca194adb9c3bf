import type { ElectionSettings } from '../../synchronizer/election/settings.ts';
import { keepHeapSmall } from '../../runtime/small-heap.ts';
import { interruptible } from '../interrupt.ts';

export interface SyncRunArguments {
  readonly config: string;
  /** In place of what the configuration says. */
  readonly protocol?: ElectionSettings['protocol'];
}

/** Pass after pass; with an election, while this synchronizer leads. The configuration is read anew for each pass. */
export async function syncRun(given: SyncRunArguments): Promise<void> {
  const [{ readConfigFile }, { overridden }, { runSync }, { createLogger }] = await Promise.all([
    import('../../synchronizer/config/open-sync.ts'),
    import('../../synchronizer/election/overridden.ts'),
    import('../../synchronizer/run/run-sync.ts'),
    import('../../runtime/log.ts'),
  ]);
  keepHeapSmall();
  const log = createLogger({ name: 'synchronizer' });
  const read = async () => overridden(await readConfigFile(given.config), given.protocol ?? null);
  await interruptible((stop) => runSync({ configFile: given.config, read, log, stop }));
}
