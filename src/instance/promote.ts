import { type Lsn, parseLsn } from '../core/lsn.ts';
import { Problem } from '../core/problem.ts';
import type { RunningInstance } from './running-instance.ts';
import { identify } from './timeline-history.ts';
import { until } from './until.ts';

/** Where a promotion came out. */
export interface Promotion {
  readonly timeline: number;
  /** End of the log just after it: whoever has streamed this far has the whole promotion. */
  readonly lsn: Lsn;
}

/**
 * Promotes a standby. Which names its commits wait for must have been settled before; see `skipTimelines` for the timeline
 * that it takes.
 *
 * @throws Problem `promotion_failed` when it is still a standby after `timeoutMs`: the promotion may come about later, so
 * the caller stops the instance. `instance_unavailable`, `instance_failed` (it was no standby).
 */
export async function promote(
  running: RunningInstance,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<Promotion> {
  const { session } = running;
  await session.query('select pg_promote(false)', options);
  const look = async (): Promise<Promotion | null> => {
    const identity = await identify(session, options.timeoutMs);
    if (identity.inRecovery) return null;
    const [row] = await session.query('select pg_current_wal_insert_lsn()::text as lsn', options);
    return { timeline: identity.timeline, lsn: parseLsn(String(row?.['lsn'])) ?? 0n };
  };
  const promotion = await until(look, { ...options, everyMs: 5 });
  if (promotion === null) {
    throw new Problem(
      'promotion_failed',
      `${running.settings.name} instance: still a standby ${options.timeoutMs} ms after it was told to promote`,
    );
  }
  return promotion;
}
