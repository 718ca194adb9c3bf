import { type Freshness, look } from '../core/freshness.ts';
import type { Sight } from './observe.ts';

/** How new the data of this node is, after a turn's look at it. What replays nothing now stays as it was. */
export function freshnessAfter(before: Freshness, { view, reports }: Sight): Freshness {
  const report = reports.data;
  if (report.state !== 'running' || !report.inRecovery) return before;
  const { timeline, replayedLsn, lastReplayAgeSeconds } = report;
  return look(before, replayedLsn === null ? null : { timeline, lsn: replayedLsn }, {
    replayAgeMs: lastReplayAgeSeconds === null ? null : lastReplayAgeSeconds * 1000,
    now: view.now,
  });
}
