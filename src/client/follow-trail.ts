import type { ChainId } from '../core/audit/chain.ts';
import type { ExportedRow } from '../core/audit/exported.ts';
import {
  afterAll,
  afterLoss,
  afterRows,
  askingFor,
  type Following,
  look,
  newFollowing,
  stillBehind,
} from '../core/audit/trail-following.ts';
import { isProblem, type Problem, type ProblemKind } from '../core/problem.ts';
import type { Door } from './exchange.ts';
import { readTrailChains, readTrailRows } from './trail.ts';

/** How a trail is followed, and who is told of what happens meanwhile. */
export interface FollowSettings {
  /** The peer API of the current master; asked again after a loss. */
  readonly openMaster: () => Promise<Door>;
  /** Between two looks. */
  readonly pause: () => Promise<void>;
  /** From here on no record is missed. */
  readonly onBegin: () => void;
  readonly onLoss: (problem: Problem) => void;
  /** Of this chain records were shown that the trail has no more. */
  readonly onShortened: (chain: ChainId) => void;
}

const rowsAtOnce = 1000;
const chainsAtOnce = 200;
/** A write that waits for its standby may hold up the beginning for as long as the server waits for it. */
const patientLooks = 15;
/** What does not pass by itself. */
const lasting: ReadonlySet<ProblemKind> = new Set([
  'usage',
  'invalid',
  'unauthenticated',
  'forbidden',
  'not_found',
]);

/**
 * The records that come from now on, each once and none left out, in the order of each chain; without an end. While there is no
 * master it waits for one, however long.
 */
export async function* followTrail(settings: FollowSettings): AsyncGenerator<readonly ExportedRow[], never> {
  let following = newFollowing;
  let door: Door | null = null;
  for (let looks = 1; ; looks += 1) {
    try {
      door ??= await settings.openMaster();
      const hasBegun = following.read !== null;
      for await (const step of newRows(door, following, looks <= patientLooks, settings.onShortened)) {
        following = step.following;
        if (step.fresh.length > 0) yield step.fresh;
      }
      if (!hasBegun && following.read !== null) settings.onBegin();
    } catch (error) {
      if (!isProblem(error) || error.code === 'interrupted' || lasting.has(error.kind)) throw error;
      settings.onLoss(error);
      following = afterLoss(following);
      door = null;
    }
    await settings.pause();
  }
}

interface Step {
  readonly following: Following;
  readonly fresh: readonly ExportedRow[];
}

/** One look at the chains, and all that it shows. */
async function* newRows(
  door: Door,
  before: Following,
  isPatient: boolean,
  onShortened: (chain: ChainId) => void,
): AsyncGenerator<Step, void> {
  const begin = before.read === null && before.moments.length === 0 ? 'follow' : null;
  const seen = await readTrailChains(door, { since: null, until: null, begin });
  const { following: begun, behind, shortened } = look(before, seen, isPatient);
  for (const chain of shortened) onShortened(chain);
  let following = begun;
  for (let open = behind; open.length > 0; open = stillBehind(following, open)) {
    const asked = open.slice(0, chainsAtOnce);
    const { after, behind: heads } = askingFor(following, asked);
    const rows = await readTrailRows(door, { after, limit: rowsAtOnce, behind: heads });
    const step = afterRows(following, asked, rows);
    following = step.following;
    yield step;
  }
  if (following.read !== null) following = afterAll(following, seen);
  yield { following, fresh: [] };
}
