import { formatLsn, type Lsn, parseLsn } from './lsn.ts';

/**
 * A place in the data instance's log, on the timeline that a write was made on. Whoever has replayed that timeline, or one
 * that came after it, as far as this, has the write: what was acknowledged is part of every later timeline.
 */
export interface LogPosition {
  readonly timeline: number;
  readonly lsn: Lsn;
}

/**
 * The header with a position. Of the answer to a write: it stands behind what was written. Of a request to a follower: the
 * answer shall be at least that new.
 */
export const positionHeader = 'x-holdfast-position';

const pattern = /^([0-9]{1,10})-([0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8})$/;

/** What `text` (`3-16/B374D848`) names; null when it is none. */
export function parseLogPosition(text: string): LogPosition | null {
  const [, digits, position] = pattern.exec(text) ?? [];
  const lsn = position === undefined ? null : parseLsn(position);
  return lsn === null ? null : { timeline: Number(digits), lsn };
}

export function formatLogPosition({ timeline, lsn }: LogPosition): string {
  return `${timeline}-${formatLsn(lsn)}`;
}

/** Whether a log that was replayed as far as `replayed` has what `position` stands for. */
export function isReached(position: LogPosition, replayed: LogPosition): boolean {
  return replayed.timeline >= position.timeline && replayed.lsn >= position.lsn;
}

/** The later of two positions; null where there is none. */
export function laterPosition(a: LogPosition | null, b: LogPosition | null): LogPosition | null {
  if (a === null || b === null) return a ?? b;
  const bIsLater = b.timeline === a.timeline ? b.lsn > a.lsn : b.timeline > a.timeline;
  return bIsLater ? b : a;
}
