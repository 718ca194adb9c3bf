import type { FastifyRequest } from 'fastify';
import type { ApiSettings } from '../../core/api-settings.ts';
import { parseLogPosition, positionHeader } from '../../core/log-position.ts';
import { Problem } from '../../core/problem.ts';
import type { Positions } from '../../store/positions.ts';
import type { Serving } from './serving.ts';

/** What operators say about the data of followers. */
export type FollowerSettings = Pick<
  ApiSettings,
  'followerWrites' | 'followerMaxStalenessSeconds' | 'followerWhenStale' | 'positionWaitMs'
>;

/** Whether data of that age (milliseconds; null: nobody knows) is older than the operator wants. */
export function isTooOld(ageMs: number | null, settings: FollowerSettings): boolean {
  const most = settings.followerMaxStalenessSeconds;
  return most !== null && (ageMs === null || ageMs > most * 1000);
}

/** Whether a follower with data of that age serves nobody. */
export function refusesAsTooOld(ageMs: number | null, settings: FollowerSettings): boolean {
  return settings.followerWhenStale === 'refuse' && isTooOld(ageMs, settings);
}

/** @returns a Problem `data_too_old`; to be thrown */
export function tooOld(ageMs: number | null): Problem {
  const age = ageMs === null ? 'of unknown age' : `${Math.round(ageMs / 1000)} s old`;
  return new Problem(
    'data_too_old',
    `The data of this follower is ${age}, which is more than its operator allows; ask another node.`,
  );
}

/** What a wait for a position needs. */
export interface PositionNeeds {
  readonly serving: Serving;
  readonly positions: Pick<Positions, 'replayed'>;
  readonly settings: FollowerSettings;
}

/**
 * Waits until this follower has what the request's position stands for.
 *
 * @throws Problem `argument_invalid`; `data_behind` when it has not in time
 */
export async function awaitPosition(needs: PositionNeeds, request: FastifyRequest): Promise<void> {
  const asked = [request.headers[positionHeader] ?? []].flat().join(',');
  const position = parseLogPosition(asked);
  if (position === null) {
    throw new Problem(
      'argument_invalid',
      `${positionHeader}: "${asked.slice(0, 60)}" is no position, such as 3-16/B374D848.`,
    );
  }
  const { serving, positions, settings } = needs;
  const giveUpAt = performance.now() + settings.positionWaitMs;
  const leftMs = (): number => giveUpAt - performance.now();
  // The timeline first: further on an earlier timeline is not further (this follower may be ahead of a new master).
  while ((serving.view().state?.data.timeline ?? 0) < position.timeline) {
    if (leftMs() <= 0) throw behind();
    await serving.nextChange(leftMs());
  }
  if (!(await positions.replayed(position.lsn, Math.max(0, leftMs())))) throw behind();
}

function behind(): Problem {
  return new Problem(
    'data_behind',
    'This follower does not have yet what was written before; ask again, or the master.',
  );
}
