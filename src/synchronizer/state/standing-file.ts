import { join } from 'node:path';
import { readFileIfThere, writeFileAtomically } from '../../runtime/files.ts';
import type { Standing } from '../http/report.ts';

/** What a running synchronizer is, for `sync status` beside it. */
export interface KnownStanding {
  readonly role: Standing['role'];
  readonly since: string;
}

const fileName = 'standing.json';

/** Writes the role down whenever it differs from what was written last. */
export function keepStanding(directory: string, role: () => Standing['role']): () => Promise<void> {
  let written: Standing['role'] | null = null;
  return async () => {
    const current = role();
    if (current === written) return;
    const standing: KnownStanding = { role: current, since: new Date().toISOString() };
    await writeFileAtomically(join(directory, fileName), `${JSON.stringify(standing)}\n`, { durable: false });
    written = current;
  };
}

/** null: none was written. It is about a synchronizer that runs now, or about the last one that did. */
export async function readStanding(directory: string): Promise<KnownStanding | null> {
  const text = await readFileIfThere(join(directory, fileName));
  if (text === null) return null;
  try {
    const { role, since }: Partial<KnownStanding> = JSON.parse(text);
    return role !== undefined && since !== undefined ? { role, since } : null;
  } catch {
    return null;
  }
}
