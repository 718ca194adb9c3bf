import type { Layout } from '../../core/sync/layout.ts';
import type { Problem } from '../../core/problem.ts';
import type { PassOutcome } from '../pass/outcome.ts';
import type { SyncStatus } from './status.ts';
import { keepError, keepStatus, parseStatus, statusText, type StatusKept } from './status-file.ts';
import { unusable } from './unusable.ts';

/** A status that could not be written down, and why. */
export interface UnkeptStatus {
  /** A sentence. */
  readonly fault: string;
  readonly status: SyncStatus;
}

/** Writes down what became of the passes of a run. What the disk does not take is kept in memory, and told to whoever asks the run. */
export interface StatusKeeper {
  readonly passed: (layout: Layout, outcome: PassOutcome) => Promise<SyncStatus>;
  /** @param done what the pass had done by then; null: it had not begun */
  readonly failed: (error: string, done: PassOutcome | null) => Promise<SyncStatus>;
  /** Why the last status is not on the disk; null: it is. */
  readonly fault: () => Problem | null;
  /** What the run says over its lock's socket: an empty text when the disk has it all. */
  readonly told: () => string;
}

export function openStatusKeeper(directory: string): StatusKeeper {
  let unkept: { readonly problem: Problem; readonly status: SyncStatus } | null = null;
  const settle = ({ status, error }: StatusKept): SyncStatus => {
    unkept = error === null ? null : { problem: unusable(directory, error), status };
    return status;
  };
  const before = () => unkept?.status ?? null;
  return {
    passed: async (layout, outcome) => settle(await keepStatus(directory, layout, outcome, before())),
    failed: async (error, done) => settle(await keepError(directory, error, done, before())),
    fault: () => unkept?.problem ?? null,
    told: () =>
      unkept === null
        ? ''
        : JSON.stringify({ fault: unkept.problem.detail, status: statusText(unkept.status) }),
  };
}

/** What `told` said. Null: the disk has it all, or another version said it. */
export function unkeptStatusIn(said: string): UnkeptStatus | null {
  try {
    const { fault, status: text }: { readonly fault?: unknown; readonly status?: unknown } = JSON.parse(said);
    if (typeof fault !== 'string' || typeof text !== 'string') return null;
    const status = parseStatus(text);
    return status === null ? null : { fault, status };
  } catch {
    return null;
  }
}
