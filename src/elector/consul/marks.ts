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
  readonly failed: (error: unknown) => void;
  readonly wrote: () => void;
}

/** Keeps the marks of our service as they are wanted, whoever else writes its entry. */
export interface Marks {
  /** Resolves once the entry was read as wanted (by this wish or by a later one), or is not there. */
  readonly want: (wanted: WantedMarks) => Promise<void>;
  /** Looks at the entry, and mends it where needed. */
  readonly check: () => void;
  readonly close: () => void;
}

/** So often in a row is an entry written that somebody else writes, too, before a pause. */
const writesAtOnce = 3;

/** Reads, compares, writes, and reads again: until the entry is as the latest wish says. */
export function keepMarks(deps: MarksDeps): Marks {
  const closing = new AbortController();
  let wanted: WantedMarks | null = null;
  let waiting: (() => void)[] = [];
  let running: Promise<void> | null = null;
  let again = false;

  /** Whether the entry is as wanted now. */
  const mend = async (): Promise<boolean> => {
    const view = await deps.view();
    deps.seen(view);
    const change = view === null || wanted === null ? null : markChange(view, deps.labels, wanted);
    if (view === null || change === null) return true;
    await deps.write(view, change.tags, change.meta);
    deps.wrote();
    return false;
  };

  const run = async (): Promise<void> => {
    let writes = 0;
    while (!closing.signal.aborted) {
      again = false;
      const wish = wanted;
      try {
        const isRight = await mend();
        if (isRight && wish === wanted) {
          const reached = waiting;
          waiting = [];
          for (const resolve of reached) resolve();
          if (!again) return;
          writes = 0;
        } else writes += 1;
      } catch (error) {
        if (closing.signal.aborted) return;
        deps.failed(error);
        writes = writesAtOnce;
      }
      if (writes >= writesAtOnce) await pause(deps.retryMs, closing.signal);
    }
  };

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
        wanted = wish;
        waiting.push(resolve);
        check();
      }),
    check,
    close: () => {
      closing.abort();
      for (const resolve of waiting) resolve();
    },
  };
}
