import type { PositionMemory } from '../../client/client.ts';
import { describeError, isProblem, Problem } from '../../core/problem.ts';
import type { Logger } from '../../runtime/log.ts';
import { pause } from '../../runtime/pause.ts';
import type { SyncConfig } from '../config/config.ts';
import { type OpenedTarget, readTargetFiles } from '../config/open-sync.ts';
import { electionLog } from '../election/election-log.ts';
import type { ElectionSettings } from '../election/settings.ts';
import { type SyncTerm, takePart } from '../election/take-part.ts';
import type { GivingWay } from './giving-way.ts';
import type { RoleKeeper } from './role.ts';
import type { RunDesk } from './run-desk.ts';
import { makePasses, type TurnNeeds } from './run-turn.ts';

/** After an election that could not be held, before the next attempt. */
const electAgainMs = 10_000;

const ofSameName =
  'one of this name leads: this synchronizer before it was started, whose lease runs out, or another one to which the same election.name was given';

/**
 * Takes part in the election until the run is stopped or paused, and makes passes in each term. The target and its files are read at the
 * beginning. So it ends, to be begun anew, when they may not be those any more: when the election has not been seen for a lease, and
 * when a pass finds another target.
 */
export async function contest(
  needs: TurnNeeds,
  {
    election,
    role,
    way,
  }: { readonly election: ElectionSettings; readonly role: RoleKeeper; readonly way: GivingWay },
): Promise<void> {
  const { desk, log, stop } = needs;
  const anew = new AbortController();
  const signal = AbortSignal.any([stop, desk.pauses.signal(), anew.signal]);
  const changed = tellingStanding(desk, log);
  const onOther = (name: string | null): void => {
    // Its own name alone is no sign that anybody makes passes.
    role.sees(name === election.name ? null : name);
    if (name === election.name) log.info({ leader: name }, ofSameName);
    else if (name !== null) log.info({ leader: name }, 'another synchronizer leads');
    changed();
  };
  const onBlind = (): void => {
    log.warn('the election has not been seen for a lease: it is begun anew, with the target read again');
    anew.abort();
  };
  let target: OpenedTarget | null = null;
  try {
    const config = await needs.reread();
    target = await readTargetFiles(config, desk.report.called);
    // Of this target alone: what another server wrote, nobody here ever reads.
    const position: PositionMemory = { position: null };
    const reread = rereadOf(needs, config, () => anew.abort());
    const lead = leading({ ...needs, position, reread }, { role, way, changed });
    const told = electionLog(log);
    await takePart({ settings: election, target, position, log: told, signal, lead, onOther, onBlind });
    role.sees(null); // nobody watches any more
    changed();
  } catch (error) {
    log.error({ fault: describeError(error) }, 'the election cannot be held');
    const unexpected = { code: 'unexpected', detail: 'an unexpected error; the log has it' };
    role.fails(isProblem(error) ? error : unexpected);
    changed();
    await pause(electAgainMs, signal);
  } finally {
    target?.close();
  }
}

/** What is done in each term. */
function leading(
  needs: TurnNeeds,
  {
    role,
    way,
    changed,
  }: { readonly role: RoleKeeper; readonly way: GivingWay; readonly changed: () => void },
): (term: SyncTerm) => Promise<void> {
  return async (term) => {
    role.leads(term.leftMs);
    changed();
    const leaves = (): void => {
      role.stands();
      changed();
    };
    term.signal.addEventListener('abort', leaves, { once: true });
    way.termBegan();
    const onPass = (isGood: boolean): void => {
      if (!way.passEnded(isGood, performance.now())) return;
      needs.log.warn('passes come to nothing here: leaves the lead to others for a lease');
      term.stepDown();
    };
    try {
      await makePasses(needs, { ...term, onPass });
    } finally {
      leaves();
    }
  };
}

/** A writer of one target writes to no other. */
function rereadOf(needs: TurnNeeds, { target }: SyncConfig, onOtherTarget: () => void): TurnNeeds['reread'] {
  return async () => {
    const read = await needs.reread();
    if (JSON.stringify(read.target) === JSON.stringify(target)) return read;
    onOtherTarget();
    throw new Problem('no_authority', 'target: it was changed, so the election is begun anew with it.');
  };
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
