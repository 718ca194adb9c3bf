import type { PositionMemory } from '../../client/client.ts';
import { createElectorLog } from '../../elector/log.ts';
import type { SyncConfig } from '../config/config.ts';
import { readTargetFiles } from '../config/open-sync.ts';
import type { PassSettings } from '../pass/run-pass.ts';
import { clientOf } from './elected-authority.ts';
import { leadOnce } from './lead-once.ts';
import { warningOf } from './take-part.ts';

/** What one pass is made with. */
export interface OnceTurn {
  readonly signal: AbortSignal;
  readonly position: PositionMemory;
  /** The settings of the pass, to read and write as whoever may. */
  readonly settings: (settings: PassSettings) => PassSettings;
  /** Others may have written since this synchronizer's last pass. */
  readonly isElected: boolean;
}

/**
 * Makes one pass: at once without an election, and as its leader with one.
 *
 * @throws Problem `no_authority` when somebody else leads; what `pass` threw
 */
export async function whileElected<T>(
  config: SyncConfig,
  { signal, warn }: { readonly signal: AbortSignal; readonly warn: (sentence: string) => void },
  pass: (turn: OnceTurn) => Promise<T>,
): Promise<T> {
  const position: PositionMemory = { position: null };
  const { election } = config;
  if (election === null)
    return pass({ signal, position, settings: (settings) => settings, isElected: false });
  const target = await readTargetFiles(config);
  const warning = warningOf(election);
  if (warning !== null) warn(warning);
  const log = createElectorLog('warn', (line) => warn(line.trimEnd()));
  return leadOnce({ settings: election, target, position, log, signal }, (term) =>
    pass({
      signal: AbortSignal.any([signal, term.signal]),
      position,
      settings: (settings) => ({
        ...settings,
        client: clientOf(term.authority, settings.client),
        authority: term.authority,
      }),
      isElected: true,
    }),
  ).finally(target.close);
}
