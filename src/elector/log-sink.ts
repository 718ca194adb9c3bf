import { type LogOutlet, openOutlet } from './log-outlet.ts';
import { shadowStandardError } from './shared-standard-error.ts';
import { within } from './within.ts';

/** Where lines go that nobody may be reading: it takes them at once, whatever becomes of them. */
export interface LogSink {
  readonly write: (text: string) => void;
  /** The end: whether all of it has been taken by the reader, within so many milliseconds. */
  readonly flushed: (ms: number) => Promise<boolean>;
}

/** What is kept for a slow reader. */
const limitChars = 256 * 1024;
/** An outlet that broke is opened again, at the next line, but not without end. */
const reopenAfterMs = 10_000;

/**
 * Lines to an outlet that may stand still, or break. What goes beyond a bound is dropped, and counted: that is told as soon
 * as there is room again.
 *
 * @param open opens the outlet, at the first line; null: there is none now
 */
export function createLogSink(
  open: () => LogOutlet | null,
  nowMs: () => number = () => performance.now(),
): LogSink {
  let outlet: LogOutlet | null = null;
  let openedAtMs = -Infinity;
  let dropped = 0;

  const current = (): LogOutlet | null => {
    if (outlet !== null && outlet.stream.writable) return outlet;
    if (nowMs() - openedAtMs < reopenAfterMs) return null;
    openedAtMs = nowMs();
    outlet = open();
    // Whoever read the log has gone: that is no reason to stop leading.
    outlet?.stream.on('error', () => undefined).on('drain', tellDropped);
    return outlet;
  };

  const tellDropped = (): void => {
    if (dropped === 0 || outlet === null || !outlet.stream.writable) return;
    const line = `${new Date().toISOString()} warn ${dropped} lines were dropped: nobody read the log.\n`;
    dropped = 0;
    outlet.stream.write(line);
  };

  return {
    write: (text) => {
      const to = current();
      if (to === null || to.stream.writableLength + text.length > limitChars) {
        dropped += 1;
        return;
      }
      tellDropped();
      to.stream.write(text);
    },
    flushed: async (ms) => {
      if (outlet === null || !outlet.stream.writable) return dropped === 0;
      tellDropped();
      const isTaken = await endsWithin(outlet.finish(), ms);
      if (!isTaken) outlet.abandon();
      return isTaken;
    },
  };
}

async function endsWithin(work: Promise<void>, ms: number): Promise<boolean> {
  let hasEnded = false;
  const noted = async (): Promise<void> => {
    await work;
    hasEnded = true;
  };
  await within(noted(), ms);
  return hasEnded;
}

/** Standard error, opened at the first line; whatever else this process writes there goes the same way. */
export function openStandardError(): LogSink {
  const sink = createLogSink(() => openOutlet(2));
  shadowStandardError(sink.write);
  return sink;
}
