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
