import { randomInt } from 'node:crypto';

/**
 * Which of so many safes is asked for first: another one in each pass. A vault that hangs for the same few of them is given up, and what
 * lies behind them must not always be the same.
 */
export function beginAnywhere(count: number): number {
  return count > 1 ? randomInt(count) : 0;
}
