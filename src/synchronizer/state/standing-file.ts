import { join } from 'node:path';
import { readFileIfThere } from '../../runtime/files.ts';
import type { Standing } from '../http/report.ts';
import { writeBeside } from './beside.ts';

/** What a running synchronizer is, for `sync status` beside it. */
export interface KnownStanding {
  readonly role: Standing['role'];
  /** When that began, or when another one was seen to lead. */
  readonly since: string;
  /** What the one is called that leads; null: it is this one, or nobody knows. */
  readonly leader: string | null;
  /** Why the election cannot be held; null: it can. */
  readonly fault: string | null;
}

const fileName = 'standing.json';
const roles = ['alone', 'leader', 'standby'] as const;

/**
 * Writes role, leader and fault down whenever they differ from what was written last. One write at a time, so that the last word stays;
 * what could not be written is written by the next call.
 */
export function keepStanding(directory: string, current: () => Standing): () => Promise<void> {
  let written: KnownStanding | null = null;
  const keep = async (): Promise<void> => {
    const { role, leader = null, fault: problem = null } = current();
    const fault = problem?.detail ?? null;
    if (role === written?.role && leader === written.leader && fault === written.fault) return;
    const standing = { role, since: new Date().toISOString(), leader, fault };
    await writeBeside(join(directory, fileName), `${JSON.stringify(standing)}\n`, { durable: false });
    written = standing;
  };
  let last = Promise.resolve();
  return async () => {
    last = last.catch(() => undefined).then(keep);
    await last;
  };
}

/** null: none was written, or another version wrote it. It is about a synchronizer that runs now, or about the last one that did. */
export async function readStanding(directory: string): Promise<KnownStanding | null> {
  const text = await readFileIfThere(join(directory, fileName));
  if (text === null) return null;
  try {
    const { role, since, leader, fault }: Partial<Record<keyof KnownStanding, unknown>> = JSON.parse(text);
    const known = roles.find((each) => each === role);
    if (known === undefined || typeof since !== 'string') return null;
    return { role: known, since, leader: textOf(leader), fault: textOf(fault) };
  } catch {
    return null;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
