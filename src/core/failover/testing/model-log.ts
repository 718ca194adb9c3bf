import type { LineageStep } from '../cluster-state.ts';

/** The log of a model instance: which timelines it went through, and its end. Its content follows from these two. */
export interface LogContent {
  readonly lineage: readonly LineageStep[];
  readonly lsn: number;
}

/** A place in the log at which something was written. */
export interface LogPlace {
  readonly timeline: number;
  readonly lsn: number;
}

export function timelineOf(log: LogContent): number {
  return log.lineage.at(-1)?.timeline ?? 0;
}

/** Whether what was written at `place` is in `log`. */
export function contains(log: LogContent, place: LogPlace): boolean {
  if (log.lsn < place.lsn) return false;
  const step = log.lineage.find((candidate) => candidate.timeline === place.timeline);
  return step !== undefined && (step.endLsn === null || place.lsn <= step.endLsn);
}

/** Whether `source` can go on where `log` ends. */
export function isBeginningOf(log: LogContent, source: LogContent): boolean {
  return contains(source, { timeline: timelineOf(log), lsn: log.lsn });
}

/** The log after a promotion onto `timeline`, with the record that PostgreSQL writes at the end of recovery. */
export function promotedTo(log: LogContent, timeline: number): LogContent {
  const ended = log.lineage.map((step) =>
    step.endLsn === null ? { ...step, endLsn: BigInt(log.lsn) } : step,
  );
  return { lineage: [...ended, { timeline, endLsn: null }], lsn: log.lsn + 1 };
}
