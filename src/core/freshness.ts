import { type Instant, plus } from './clock.ts';
import { isReached, type LogPosition } from './log-position.ts';

/** What the master said of itself: by the instant `since` (of this machine, before it was asked) it had written so far. */
export interface News {
  readonly position: LogPosition;
  readonly since: Instant;
}

/** How new the data of a database is that replays. */
export interface Freshness {
  /** Whatever the master had by then is here. Null: nothing is known. */
  readonly asOf: Instant | null;
  /** What the master had, and is not here yet; the oldest first. */
  readonly ahead: readonly News[];
}

export const unknownFreshness: Freshness = { asOf: null, ahead: [] };

/** Far behind, a part of the news is as good as all. */
const mostAhead = 100;

/** The master has said how far it is. */
export function hear(before: Freshness, news: News): Freshness {
  const ahead = [...before.ahead, news];
  return { ...before, ahead: ahead.length > mostAhead ? thinned(ahead) : ahead };
}

/**
 * A look at how far was replayed. No wall clock takes part, but for a first guess: those of two machines may differ by an hour.
 *
 * @param replayAgeMs since the last replayed transaction was committed, by the wall clocks of both machines
 */
export function look(
  before: Freshness,
  replayed: LogPosition | null,
  { replayAgeMs, now }: { readonly replayAgeMs: number | null; readonly now: Instant },
): Freshness {
  const last = before.ahead.findLastIndex(
    ({ position }) => replayed !== null && isReached(position, replayed),
  );
  const reached = before.ahead[last];
  return {
    asOf: reached?.since ?? before.asOf ?? guess(replayAgeMs, now),
    // What came before that may be on a timeline that was left, and is never reached.
    ahead: before.ahead.slice(last + 1),
  };
}

/** Without the news that are missed least: those whose neighbours are the closest to each other. */
function thinned(news: readonly News[]): readonly News[] {
  const gaps = news.map((_, index) => {
    const [left, right] = [news[index - 1], news[index + 1]];
    return left === undefined || right === undefined ? Infinity : right.since.mono - left.since.mono;
  });
  return news.toSpliced(gaps.indexOf(Math.min(...gaps)), 1);
}

/** After a start nothing else is known: better than nothing, and never from the future. */
function guess(replayAgeMs: number | null, now: Instant): Instant | null {
  return replayAgeMs === null ? null : plus(now, -Math.max(0, replayAgeMs));
}
