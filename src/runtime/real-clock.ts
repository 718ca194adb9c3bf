import { uptime } from 'node:os';
import type { Clock } from '../core/clock.ts';

/**
 * The machine's monotonic clocks: CLOCK_MONOTONIC by `process.hrtime`, which all processes of a machine share (unlike
 * `performance.now()`, that counts from the process's start), and CLOCK_BOOTTIME by `os.uptime`.
 */
export const realClock: Clock = {
  now: () => ({ mono: Number(process.hrtime.bigint() / 1000n) / 1000, boot: uptime() * 1000 }),
};
