import { type Lsn, parseLsn } from './lsn.ts';

/** A timeline that was left, and the position at which its successor began. */
export interface TimelineSwitch {
  readonly timeline: number;
  readonly switchLsn: Lsn;
}

/** The way from the first timeline to `timeline`: its ancestors, oldest first (PostgreSQL's `.history` file). */
export interface TimelineHistory {
  readonly timeline: number;
  readonly ancestors: readonly TimelineSwitch[];
}

/** A point in one node's log. */
export interface LogPosition {
  readonly timeline: number;
  readonly lsn: Lsn;
}

/**
 * The ancestors that a `.history` file lists, one a line: timeline, switch position, reason, parted by tabs. Null when a
 * line cannot be read, or when timelines do not grow: such a file proves nothing.
 */
export function parseTimelineHistory(timeline: number, text: string): TimelineHistory | null {
  const ancestors: TimelineSwitch[] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const [number, position] = trimmed.split(/\s+/);
    const switchLsn = parseLsn(position ?? '');
    const parent = Number(number);
    if (switchLsn === null || !Number.isSafeInteger(parent) || parent < 1) return null;
    if (parent <= (ancestors.at(-1)?.timeline ?? 0) || parent >= timeline) return null;
    ancestors.push({ timeline: parent, switchLsn });
  }
  return { timeline, ancestors };
}

/**
 * Whether a node at `position` can go on along `history`: its timeline is the history's own, or one of its ancestors that
 * the node has not followed beyond the switch. (A node beyond it holds rows that the history never had.)
 */
export function isOnHistory(position: LogPosition, history: TimelineHistory): boolean {
  if (position.timeline === history.timeline) return true;
  const left = history.ancestors.find((ancestor) => ancestor.timeline === position.timeline);
  return left !== undefined && position.lsn <= left.switchLsn;
}

/**
 * The last point that two histories share: the timeline, and where it was left first. `lsn` is null when neither left it
 * (both are on that timeline now); the answer is null when they share no timeline at all.
 *
 * Equal timeline numbers count as the same timeline only where both began at the same place: two promotions can take the
 * same number.
 */
export function lastCommonPoint(
  a: TimelineHistory,
  b: TimelineHistory,
): { readonly timeline: number; readonly lsn: Lsn | null } | null {
  let common: { timeline: number; lsn: Lsn | null } | null = null;
  const [left, right] = [stretches(a), stretches(b)];
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const [mine, theirs] = [left[index], right[index]];
    if (mine === undefined || theirs === undefined) break;
    if (mine.timeline !== theirs.timeline || mine.begin !== theirs.begin) break;
    common = { timeline: mine.timeline, lsn: smaller(mine.end, theirs.end) };
    if (mine.end !== theirs.end) break;
  }
  return common;
}

interface Stretch {
  readonly timeline: number;
  readonly begin: Lsn;
  readonly end: Lsn | null;
}

function stretches(history: TimelineHistory): readonly Stretch[] {
  const ends = [...history.ancestors, { timeline: history.timeline, switchLsn: null }];
  return ends.map((end, index) => ({
    timeline: end.timeline,
    begin: ends[index - 1]?.switchLsn ?? 0n,
    end: end.switchLsn,
  }));
}

function smaller(a: Lsn | null, b: Lsn | null): Lsn | null {
  if (a === null) return b;
  return b === null || a < b ? a : b;
}
