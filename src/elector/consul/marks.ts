import { pause } from '../../runtime/pause.ts';
import type { ServiceView } from './service.ts';
import { type Labels, markChange, type WantedMarks } from './tags.ts';

export interface MarksDeps {
  readonly labels: Labels;
  readonly view: () => Promise<ServiceView | null>;
  readonly write: (
    view: ServiceView,
    tags: readonly string[],
    meta: Readonly<Record<string, string>>,
  ) => Promise<void>;
  readonly retryMs: number;
  /** Each time that the entry was read: what it says, and null when there is none. */
  readonly seen: (view: ServiceView | null) => void;
  readonly failed: (call: 'view' | 'write', error: unknown) => void;
  readonly wrote: () => void;
  /** Somebody else writes the entry again and again: told once, until it stands. */
  readonly contested: () => void;
}

/** Keeps the marks of our service as they are wanted, whoever else writes its entry. */
export interface Marks {
  /** Resolves once the entry was read as wanted (by this wish or by a later one), or is not there. */
  readonly want: (wanted: WantedMarks) => Promise<void>;
  /** Looks at the entry, and mends it where needed. */
  readonly check: () => void;
  readonly close: () => void;
}

/** So often in a row is an entry written that somebody else writes, too, before pauses, which grow. */
const writesAtOnce = 3;
/** The longest pause, as a multiple of the first. */
const longestPause = 64;
/** So many pauses in a row mean that somebody else will not stop. */
const pausesUntilTold = 3;
/** An entry that has stood for so many of the first pauses is ours again. */
const standsAfter = 20;

class WriteFailed extends Error {}

/** Reads, compares, writes, and reads again: until the entry is as the latest wish says. */
export function keepMarks(deps: MarksDeps): Marks {
  const closing = new AbortController();
  let wanted: WantedMarks | null = null;
  let waiting: (() => void)[] = [];
  let running: Promise<void> | null = null;
  let again = false;
  let [writes, pauses, lastWriteAt] = [0, 0, -Infinity];
  let hurry = new AbortController();

  /** Whether the entry is as wanted now. */
  const mend = async (): Promise<boolean> => {
    const view = await tried('view', deps.view);
    deps.seen(view);
    const change = view === null || wanted === null ? null : markChange(view, deps.labels, wanted);
    if (view === null || change === null) return true;
    await tried('write', () => deps.write(view, change.tags, change.meta));
    deps.wrote();
    return false;
  };

  const tried = async <T>(call: 'view' | 'write', make: () => Promise<T>): Promise<T> => {
    try {
      return await make();
    } catch (error) {
      if (!closing.signal.aborted) deps.failed(call, error);
      throw call === 'write' ? new WriteFailed() : error;
    }
  };

  /** The longer the more often one was needed in a row, also over several runs. */
  const growingPause = async (): Promise<void> => {
    const ms = deps.retryMs * Math.min(longestPause, 2 ** pauses);
    pauses += 1;
    await pause(ms, AbortSignal.any([closing.signal, hurry.signal]));
  };

  const startAnew = (): void => {
    writes = 0;
    hurry.abort();
    hurry = new AbortController();
  };

  const reach = (): void => {
    const reached = waiting;
    waiting = [];
    for (const resolve of reached) resolve();
  };

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      again = false;
      const wish = wanted;
      let isRight = false;
      try {
        isRight = await mend();
      } catch (error) {
        await afterFailure(error);
        continue;
      }
      if (isRight && wish === wanted) {
        reach();
        if (!again) return;
      }
      if (!isRight) await written();
    }
  };

  /** A silent agent is asked again soon; one that refuses to write, ever more seldom. */
  const afterFailure = async (error: unknown): Promise<void> => {
    if (error instanceof WriteFailed) await growingPause();
    else await pause(deps.retryMs, closing.signal);
  };

  /** Notes a write; many in a short time mean that somebody else undoes them. */
  const written = async (): Promise<void> => {
    const now = performance.now();
    if (now - lastWriteAt > deps.retryMs * standsAfter + lastPauseMs()) writes = pauses = 0;
    lastWriteAt = now;
    writes += 1;
    if (writes < writesAtOnce) return;
    if (pauses === pausesUntilTold) deps.contested();
    await growingPause();
  };

  const lastPauseMs = (): number => deps.retryMs * Math.min(longestPause, 2 ** pauses);

  const check = (): void => {
    again = true;
    running ??= run().finally(() => {
      running = null;
      if (again && !closing.signal.aborted) check();
    });
  };

  return {
    want: (wish) =>
      new Promise((resolve) => {
        // A new wish does not wait for the pause that an old one came to.
        const isNew = wanted?.role !== wish.role || wanted.sessionId !== wish.sessionId;
        wanted = wish;
        waiting.push(resolve);
        if (isNew) startAnew();
        check();
      }),
    check,
    close: () => {
      closing.abort();
      for (const resolve of waiting) resolve();
    },
  };
}
