import type { PositionMemory } from '../../client/client.ts';
import { describeError, isProblem, Problem } from '../../core/problem.ts';
import type { Logger } from '../../runtime/log.ts';
import { pause } from '../../runtime/pause.ts';
import type { SyncConfig } from '../config/config.ts';
import { readTargetFiles } from '../config/open-sync.ts';
import { electionLog } from '../election/election-log.ts';
import { openRole, type RoleKeeper } from './role.ts';
import type { ElectionSettings } from '../election/settings.ts';
import { takePart, warningOf } from '../election/take-part.ts';
import { openDesk, type RunDesk } from './run-desk.ts';
import { makePasses, type Turn, type TurnNeeds } from './run-turn.ts';

export interface RunNeeds {
  /** Its path, for the log. */
  readonly configFile: string;
  /** Reads the configuration, anew for each pass. */
  readonly read: () => Promise<SyncConfig>;
  readonly log: Logger;
  readonly stop: AbortSignal;
}

/** After an election that could not be held, before the next attempt. */
const electAgainMs = 10_000;

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
  const desk = await openDesk({ config: () => config, standing: role.standing, stop });
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
      else await contest(needs, { election, config, role });
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

const ofSameName =
  'one of this name leads: this synchronizer before it was started, whose lease runs out, or another one to which the same election.name was given';

/** Takes part in the election until the run is stopped or paused, and makes passes in each term. */
async function contest(
  needs: TurnNeeds,
  {
    election,
    config,
    role,
  }: { readonly election: ElectionSettings; readonly config: SyncConfig; readonly role: RoleKeeper },
): Promise<void> {
  const { desk, log, stop, position } = needs;
  const signal = AbortSignal.any([stop, desk.pauses.signal()]);
  const changed = tellingStanding(desk, log);
  const lead = async (term: Turn & { readonly leftMs: () => number }): Promise<void> => {
    role.leads(term.leftMs);
    changed();
    const leaves = (): void => {
      role.stands();
      changed();
    };
    term.signal.addEventListener('abort', leaves, { once: true });
    try {
      await makePasses(needs, term);
    } finally {
      leaves();
    }
  };
  const onOther = (name: string | null): void => {
    role.sees(name);
    if (name === election.name) log.info({ leader: name }, ofSameName);
    else if (name !== null) log.info({ leader: name }, 'another synchronizer leads');
    changed();
  };
  try {
    const target = await readTargetFiles(config, desk.report.called);
    const told = electionLog(log);
    await takePart({ settings: election, target, position, log: told, signal, lead, onOther });
    role.sees(null); // nobody watches any more
    changed();
  } catch (error) {
    log.error({ fault: describeError(error) }, 'the election cannot be held');
    const unexpected = { code: 'unexpected', detail: 'an unexpected error; the log has it' };
    role.fails(isProblem(error) ? error : unexpected);
    changed();
    await pause(electAgainMs, signal);
  }
}

/** Writes down who it is, one time after the other. */
function tellingStanding(desk: RunDesk, log: Logger): () => void {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last
      .then(() => desk.standingChanged())
      .catch((error: unknown) =>
        log.warn({ fault: describeError(error) }, 'the role cannot be written down'),
      );
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
