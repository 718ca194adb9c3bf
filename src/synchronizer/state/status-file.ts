import { join } from 'node:path';
import type { Layout } from '../../core/sync/layout.ts';
import { readFileIfThere } from '../../runtime/files.ts';
import type { PassOutcome } from '../pass/outcome.ts';
import { writeBeside } from './beside.ts';
import { statusOf, statusOfError, type SyncStatus } from './status.ts';

const fileName = 'status.json';
/** Of the shape of a status. It grows when a field changes that is read again: what has another number is not read. */
const format = 1;

/** Writes down what became of a pass, and returns it. */
export async function keepStatus(
  directory: string,
  layout: Layout,
  outcome: PassOutcome,
): Promise<SyncStatus> {
  return write(directory, (before, endedAt) => statusOf(layout, outcome, before, endedAt));
}

/** Writes down that a pass ended early, and returns it. @param done what it had done by then; null: it had not begun */
export async function keepError(
  directory: string,
  error: string,
  done: PassOutcome | null,
): Promise<SyncStatus> {
  return write(directory, (before, endedAt) => statusOfError(error, done, before, endedAt));
}

/** null: there was no pass yet, or another version wrote of it. */
export async function readStatus(directory: string): Promise<SyncStatus | null> {
  const text = await readFileIfThere(join(directory, fileName));
  return text === null ? null : parsed(text);
}

async function write(
  directory: string,
  make: (before: SyncStatus | null, endedAt: string) => SyncStatus,
): Promise<SyncStatus> {
  const status = make(await readStatus(directory), new Date().toISOString());
  await writeBeside(join(directory, fileName), `${JSON.stringify({ format, ...status })}\n`);
  return status;
}

/** Written whole and by nobody but us, so its format vouches for the rest. */
function parsed(text: string): SyncStatus | null {
  try {
    const { format: found, ...status }: SyncStatus & { readonly format?: unknown } = JSON.parse(text);
    return found === format ? status : null;
  } catch {
    return null;
  }
}
