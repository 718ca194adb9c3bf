import type { Clock, Instant } from '../../core/clock.ts';

/** How long a reading of the boot clock may serve, on the monotonic clock. */
const bootReadingMs = 1;

/**
 * A clock for the request path. The boot clock costs 9 µs a reading (libuv reads /proc/uptime), the monotonic one 0.1 µs;
 * two readings a request would be a fifth of its time. So the distance between the two, which only a suspend changes, is
 * measured at most once a millisecond; and since time passes on both alike, the reading errs by no more than a suspend that
 * began within that millisecond, which no check before a system call could see either.
 */
export function steadyClock(clock: Clock, monotonic: () => number): Clock {
  let reading: Instant = clock.now();
  return {
    now: () => {
      const mono = monotonic();
      if (mono - reading.mono >= bootReadingMs) {
        reading = clock.now();
        return reading;
      }
      return { mono, boot: reading.boot + (mono - reading.mono) };
    },
  };
}
