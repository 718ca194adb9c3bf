import { constants, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { within } from './within.ts';

/** Where lines go that nobody may be reading: it takes them at once, whatever becomes of them. */
export interface LogSink {
  readonly write: (text: string) => void;
  /** Whether all of it has been taken by the reader, within so many milliseconds. */
  readonly flushed: (ms: number) => Promise<boolean>;
}

/** What is kept for a slow reader. */
const limitChars = 256 * 1024;

/**
 * Lines to a stream that may stand still. What goes beyond a bound is dropped, and counted in the next line that finds room.
 *
 * @param to its writes must not block
 */
export function createLogSink(
  to: Pick<NodeJS.WritableStream, 'write'> & { readonly writableLength: number },
): LogSink {
  let dropped = 0;
  return {
    write: (text) => {
      if (to.writableLength + text.length > limitChars) {
        dropped += 1;
        return;
      }
      if (dropped > 0)
        to.write(`${new Date().toISOString()} warn ${dropped} lines were dropped: nobody read the log.\n`);
      dropped = 0;
      to.write(text);
    },
    flushed: async (ms) => {
      const isEmpty = (): boolean => to.writableLength === 0;
      if (!isEmpty()) await within(new Promise<void>((resolve) => to.write('', () => resolve())), ms);
      return isEmpty();
    },
  };
}

/**
 * Standard error, never waited for. A pipe is opened anew: the one that we were given is shared with our children and with
 * whoever started us, and any of them may make its writes block. What cannot be opened anew is taken as Node has it.
 */
export function openStandardError(): LogSink {
  const stream = ownPipe(2) ?? process.stderr;
  // Whoever read the log has gone: that is no reason to stop leading.
  stream.on('error', () => undefined);
  return createLogSink(stream);
}

function ownPipe(fd: number): Socket | null {
  try {
    if (!fstatSync(fd).isFIFO()) return null;
    const own = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
    return new Socket({ fd: own, readable: false, writable: true }).unref();
  } catch {
    return null; // nobody reads it, it belongs to another user, or there is no /proc
  }
}
