import { describeError, Problem } from '../core/problem.ts';
import { rewindConninfo } from './conninfo.ts';
import { readControlData } from './control-data.ts';
import { requireNoStrays } from './kill.ts';
import { markRewinding, readInterruption } from './markers.ts';
import { removeStaleLocks } from './postmaster-file.ts';
import { remoteSession } from './session.ts';
import { type InstanceSettings, pgdata, type Upstream } from './settings.ts';
import { placeholderName } from '../core/failover/eligibility.ts';
import { synchronousNamesValue } from './synchronous-names.ts';
import { identify } from './timeline-history.ts';
import { runToolAlone } from './tool.ts';
import { writeConfiguration, writeStandbySignal } from './write-configuration.ts';

/** The checkpoint on the source; a source that takes longer is tried again. */
const checkpointLimitMs = 60_000;

export interface RewindOptions {
  readonly upstream: Upstream;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Takes a stopped instance back to where its history parted from the upstream primary's, and makes it a standby. Whether
 * its own promotion stands in the primary's ancestry must have been checked before (`isPrefix`):
 * pg_rewind goes by timeline numbers, and two promotions may have taken the same one.
 *
 * The marker `rewinding` stands from before pg_rewind begins until everything is in place. If it is left standing, by a
 * failure or an interruption, the directory must be copied anew: nothing starts on it.
 *
 * @returns whether anything had to be rewound.
 * @throws Problem `instance_strays`, `instance_failed`, `instance_unavailable`, `system_mismatch` (the directory is untouched);
 * `rewind_failed` (copy it).
 */
export async function rewindTo(
  settings: InstanceSettings,
  options: RewindOptions,
): Promise<{ readonly rewound: boolean }> {
  requireNoStrays(settings);
  const interruption = await readInterruption(settings);
  if (interruption !== null) {
    throw new Problem('instance_failed', `${pgdata(settings)}: ${interruption.sentence}; copy it instead.`);
  }
  const { systemIdentifier } = await readControlData(settings);
  await prepareSource(settings, options, systemIdentifier);
  const offline = {
    primaryConninfo: '',
    primarySlotName: '',
    synchronousStandbyNames: synchronousNamesValue([placeholderName]),
  };
  await markRewinding(settings, true);
  try {
    // For the crash recovery that pg_rewind runs itself, in single-user mode: it refuses to be a standby there.
    await writeConfiguration(settings, offline);
    await writeStandbySignal(settings, false);
    await removeStaleLocks(settings);
    const { stdout, stderr } = await runToolAlone(
      settings,
      [
        'pg_rewind',
        `--target-pgdata=${pgdata(settings)}`,
        `--source-server=${rewindConninfo(settings, options.upstream)}`,
      ],
      { timeoutMs: options.timeoutMs, signal: options.signal },
    );
    // The source's configuration files came along.
    await writeConfiguration(settings, offline);
    await writeStandbySignal(settings, true);
    await markRewinding(settings, false);
    return { rewound: !/no rewind required/.test(stdout + stderr) };
  } catch (error) {
    throw new Problem(
      'rewind_failed',
      `${settings.name} instance: pg_rewind did not finish: ${describeError(error)}`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Checks that the source is this cluster's primary, and has it make a checkpoint: until the first one after a promotion,
 * pg_rewind (before PostgreSQL 16) reads the old timeline in its control file and finds nothing to do.
 */
async function prepareSource(
  settings: InstanceSettings,
  options: RewindOptions,
  systemIdentifier: string,
): Promise<void> {
  const session = remoteSession(settings, options.upstream);
  const { certificateName } = options.upstream;
  try {
    const identity = await identify(session, 5000);
    if (identity.systemIdentifier !== systemIdentifier) {
      throw new Problem(
        'system_mismatch',
        `${certificateName} holds the database system ${identity.systemIdentifier}, this node ${systemIdentifier}: they are no copies of each other.`,
      );
    }
    if (identity.inRecovery) {
      throw new Problem('instance_failed', `${certificateName} is a standby; only a primary is rewound to.`);
    }
    await session.query('checkpoint', { timeoutMs: Math.min(options.timeoutMs, checkpointLimitMs) });
  } finally {
    session.close();
  }
}
