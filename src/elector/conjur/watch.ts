import { randomInt } from 'node:crypto';
import type { CallOptions, CancelSignal, SeenLock, WatchOptions } from '../../core/election/backend.ts';
import { Problem } from '../../core/problem.ts';
import { pause } from '../../runtime/pause.ts';
import type { Look } from './look.ts';

export interface WatchDeps {
  readonly look: (options: CallOptions, signal: AbortSignal) => Promise<Look>;
  readonly nowMs: () => number;
  readonly leaseMs: number;
  readonly closing: AbortSignal;
}

/** Nobody tells of a change, so it is looked for: ten times in a lease, and not more often or more rarely than this. */
const [leastPollMs, mostPollMs] = [250, 3000];

/** Looks until the lock is no longer as it was, and at once when its lease has passed. */
export async function watch(
  { look, nowMs, leaseMs, closing }: WatchDeps,
  after: SeenLock | null,
  { timeoutMs, waitMs, signal }: WatchOptions,
): Promise<SeenLock> {
  const endMs = nowMs() + waitMs;
  const giveUp = linked(signal, closing);
  try {
    for (;;) {
      const { lock, freeAtMs } = await look({ timeoutMs }, giveUp.signal);
      if (after === null || lock.cursor !== after.cursor || nowMs() >= endMs) return lock;
      const pollAtMs = nowMs() + pollMs(leaseMs);
      const dueMs = freeAtMs === null ? pollAtMs : Math.min(pollAtMs, Math.max(freeAtMs, nowMs() + 20));
      await pause(Math.max(0, Math.min(dueMs, endMs) - nowMs()) + 1, giveUp.signal);
      if (giveUp.signal.aborted) throw new Problem('interrupted', 'the watch was given up.');
    }
  } finally {
    giveUp.end();
  }
}

/**
 * A leader's watch. It needs a proof, and no news: a renewal that was sent since the call, and accepted, says that the lock is its own,
 * since nobody else can write by its writer. Only without one it looks.
 *
 * @param provenMs when the last renewal that was accepted was sent
 */
export async function watchOwn(
  { look, nowMs, closing }: WatchDeps,
  provenMs: () => number,
  after: SeenLock,
  { timeoutMs, waitMs, signal }: WatchOptions,
): Promise<SeenLock> {
  const calledMs = nowMs();
  const giveUp = linked(signal, closing);
  try {
    await pause(waitMs, giveUp.signal);
    if (giveUp.signal.aborted) throw new Problem('interrupted', 'the watch was given up.');
    return provenMs() > calledMs ? after : (await look({ timeoutMs }, giveUp.signal)).lock;
  } finally {
    giveUp.end();
  }
}

/** Not in step with others, nor with the seconds of the server's clock. */
function pollMs(leaseMs: number): number {
  const usualMs = Math.max(leastPollMs, Math.min(mostPollMs, Math.floor(leaseMs / 10)));
  return usualMs - randomInt(Math.floor(usualMs / 4) + 1);
}

/** An AbortSignal of the platform, of a signal that only looks like one. */
function linked(
  signal: CancelSignal,
  closing: AbortSignal,
): { readonly signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  return {
    signal: AbortSignal.any([controller.signal, closing]),
    end: () => signal.removeEventListener('abort', abort),
  };
}
