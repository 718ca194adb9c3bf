import { Problem } from '../../core/problem.ts';
import type { SyncConfig } from '../config/config.ts';
import type { ElectionSettings } from './settings.ts';

/**
 * The configuration with another protocol for its election.
 *
 * @param protocol null: as it is
 * @throws Problem `config_invalid` when it has no election
 */
export function overridden(config: SyncConfig, protocol: ElectionSettings['protocol'] | null): SyncConfig {
  if (protocol === null) return config;
  if (config.election === null) {
    throw new Problem(
      'config_invalid',
      '--protocol: the configuration has no block "election", without which this synchronizer is the only one. Add it.',
    );
  }
  return { ...config, election: { ...config.election, protocol } };
}
