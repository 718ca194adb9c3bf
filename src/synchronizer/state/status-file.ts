import { join } from 'node:path';
import { readFileIfThere, writeFileAtomically } from '../../runtime/files.ts';
import type { PassOutcome, SyncFailure } from '../pass/outcome.ts';
import type { Report } from '../../core/sync/plan.ts';

/** What became of the last pass, for people and monitoring; bounded, without values. */
export interface SyncStatus {
  readonly endedAt: string;
  /** Why the pass ended early; null: it went through. */
  readonly error: string | null;
  readonly mode: PassOutcome['mode'] | null;
  readonly stopped: PassOutcome['stopped'];
  readonly counts: Readonly<Record<string, number>>;
  readonly seconds: Readonly<Record<string, number>>;
  readonly reports: readonly Report[];
  readonly failures: readonly SyncFailure[];
}

const mostListed = 1000;

export function statusOf(outcome: PassOutcome, endedAt: string): SyncStatus {
  const { accounts, unchanged, created, written, mended, drifted, enabled, disabled, removed, times } =
    outcome;
  const lists = {
    created,
    written,
    mended,
    drifted,
    enabled,
    disabled,
    removed,
    failed: outcome.failures,
    reported: outcome.reports,
  };
  const counts = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list.length]));
  return {
    endedAt,
    error: null,
    mode: outcome.mode,
    stopped: outcome.stopped,
    counts: { accounts, unchanged, ...counts },
    seconds: Object.fromEntries(
      Object.entries(times).map(([name, ms]) => [name.replace(/Ms$/u, ''), Math.round(Number(ms)) / 1000]),
    ),
    reports: outcome.reports.slice(0, mostListed),
    failures: outcome.failures.slice(0, mostListed),
  };
}

/** @param done what the pass had done by then; null: it had not begun */
export function statusOfError(error: string, endedAt: string, done: PassOutcome | null = null): SyncStatus {
  if (done !== null) return { ...statusOf(done, endedAt), error };
  return { endedAt, error, mode: null, stopped: null, counts: {}, seconds: {}, reports: [], failures: [] };
}

export async function writeStatus(directory: string, status: SyncStatus): Promise<void> {
  await writeFileAtomically(join(directory, 'status.json'), `${JSON.stringify(status, null, 2)}\n`);
}

/** null: there was no pass yet. */
export async function readStatus(directory: string): Promise<SyncStatus | null> {
  const text = await readFileIfThere(join(directory, 'status.json'));
  return text === null ? null : JSON.parse(text);
}
