import type { PositionMemory } from '../../client/client.ts';
import { describeError, Problem } from '../../core/problem.ts';
import type { Logger } from '../../runtime/log.ts';
import type { SyncConfig } from '../config/config.ts';
import { warningOf } from '../election/take-part.ts';
import { contest } from './contest.ts';
import { openGivingWay } from './giving-way.ts';
import { openRole } from './role.ts';
import { openDesk } from './run-desk.ts';
import { makePasses, type TurnNeeds } from './run-turn.ts';

export interface RunNeeds {
  /** Its path, for the log. */
  readonly configFile: string;
  /** Reads the configuration, anew for each pass and each contest. */
  readonly read: () => Promise<SyncConfig>;
  readonly log: Logger;
  readonly stop: AbortSignal;
}

/**
 * Pass after pass, until `stop`. With an election, only while this synchronizer leads. A pass that fails is logged, and the next one
 * comes all the same.
 *
 * @throws Problem of the configuration, `state_in_use`, `port_taken`
 */
export async function runSync({ configFile, read, log, stop }: RunNeeds): Promise<void> {
  let config = await read();
  const { election } = config;
  const role = openRole(election !== null);
  const onUndeleted = (error: unknown): void =>
    log.warn({ fault: describeError(error) }, 'accepted.json cannot be deleted; what it accepts is used up');
  const desk = await openDesk({ config: () => config, standing: role.standing, stop, onUndeleted });
  log.info({ configFile, ...identity(config) }, 'the synchronizer runs');
  const position: PositionMemory = { position: null };
  const warning = election === null ? null : warningOf(election);
  if (warning !== null) log.warn(warning);
  const reread = async (): Promise<SyncConfig> => {
    config = sameRun(config, await read());
    return config;
  };
  const needs: TurnNeeds = { desk, log, stop, position, reread, lookedAt: { token: null } };
  const { pauses } = desk;
  const way = openGivingWay(election?.leaseMs ?? 0);
  try {
    while (!stop.aborted) {
      const resting = pauses.current();
      if (resting !== null) {
        log.info(resting, 'paused');
        desk.report.rested();
        await pauses.resumed();
        desk.report.rested();
        if (!stop.aborted) log.info('resumed');
      } else if (election === null) await makePasses(needs, { signal: stop, authority: null, token: null });
      else await contest(needs, { election, role, way });
    }
  } finally {
    await desk.close();
  }
}

/** What people look for first in a log: which synchronizer this is, and where it may be asked. */
function identity({
  vault,
  target,
  stateDirectory,
  election,
  http,
}: SyncConfig): Readonly<Record<string, unknown>> {
  return {
    vault,
    target: target.url,
    login: target.login,
    stateDirectory,
    election: election?.name ?? null,
    http: http === null ? null : `${http.host}:${http.port}`,
  };
}

/** The lock, the status and the pause of a run lie in the directory that it began with, and its election is one. */
function sameRun(known: SyncConfig, read: SyncConfig): SyncConfig {
  const changed =
    read.stateDirectory !== known.stateDirectory
      ? 'stateDirectory'
      : JSON.stringify(read.election) === JSON.stringify(known.election)
        ? null
        : 'election';
  if (changed === null) return read;
  throw new Problem('config_invalid', `${changed}: it was changed while the synchronizer runs; restart it.`);
}
