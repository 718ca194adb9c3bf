import { join } from 'node:path';
import type { Layout } from '../../core/sync/layout.ts';
import { readFileIfThere } from '../../runtime/files.ts';
import type { PassOutcome } from '../pass/outcome.ts';
import { writeBeside } from './beside.ts';
import { statusOf, statusOfError, type SyncStatus } from './status.ts';

const fileName = 'status.json';
/** Of the shape of a status. It grows when a field changes that is read again: what has another number is not read. */
const format = 1;

/** What became of a pass, and why that could not be written down; null: it was. */
export interface StatusKept {
  readonly status: SyncStatus;
  readonly error: unknown;
}

/** Writes down what became of a pass. @param before what was known, where the file lacks it */
export async function keepStatus(
  directory: string,
  layout: Layout,
  outcome: PassOutcome,
  before: SyncStatus | null = null,
): Promise<StatusKept> {
  return write(directory, before, (known, endedAt) => statusOf(layout, outcome, known, endedAt));
}

/** Writes down that a pass ended early. @param done what it had done by then; null: it had not begun */
export async function keepError(
  directory: string,
  error: string,
  done: PassOutcome | null,
  before: SyncStatus | null = null,
): Promise<StatusKept> {
  return write(directory, before, (known, endedAt) => statusOfError(error, done, known, endedAt));
}

/** null: there was no pass yet, or another version wrote of it. */
export async function readStatus(directory: string): Promise<SyncStatus | null> {
  const text = await readFileIfThere(join(directory, fileName));
  return text === null ? null : parseStatus(text);
}

async function write(
  directory: string,
  before: SyncStatus | null,
  make: (before: SyncStatus | null, endedAt: string) => SyncStatus,
): Promise<StatusKept> {
  const known = before ?? (await readStatus(directory).catch(() => null));
  const status = make(known, new Date().toISOString());
  try {
    await writeBeside(join(directory, fileName), `${statusText(status)}\n`);
    return { status, error: null };
  } catch (error) {
    return { status, error };
  }
}

export function statusText(status: SyncStatus): string {
  return JSON.stringify({ format, ...status });
}

/** Written whole and by nobody but us, so its format vouches for the rest. Null: another version wrote it. */
export function parseStatus(text: string): SyncStatus | null {
  try {
    const { format: found, ...status }: SyncStatus & { readonly format?: unknown } = JSON.parse(text);
    return found === format ? status : null;
  } catch {
    return null;
  }
}
