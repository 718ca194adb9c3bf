import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removalWindowMs } from '../../core/sync/rules.ts';
import { makeDirectory, readFileIfThere } from '../../runtime/files.ts';
import { writeBeside } from '../state/beside.ts';

/** That somebody lets the next pass of `sync run` remove more than the rules do. */
export interface AcceptedRemovals {
  readonly removals: number;
  readonly since: string;
}

const fileName = 'accepted.json';

/** null: nothing is accepted. What cannot be understood, or is older than a day, accepts nothing. */
export async function readAccepted(
  directory: string,
  nowMs: number = Date.now(),
): Promise<AcceptedRemovals | null> {
  const text = await readFileIfThere(join(directory, fileName));
  if (text === null) return null;
  try {
    const { removals, since }: Partial<AcceptedRemovals> = JSON.parse(text);
    if (typeof removals !== 'number' || !Number.isSafeInteger(removals) || removals < 0) return null;
    if (typeof since !== 'string' || !(nowMs - Date.parse(since) < removalWindowMs)) return null;
    return { removals, since };
  } catch {
    return null;
  }
}

/** Accepts so many removals for one pass. Said again, the last word counts. */
export async function putAccepted(directory: string, removals: number): Promise<AcceptedRemovals> {
  await makeDirectory(directory, 0o700);
  const accepted = { removals, since: new Date().toISOString() };
  await writeBeside(join(directory, fileName), `${JSON.stringify(accepted)}\n`);
  return accepted;
}

/** A pass has made use of it. What was accepted meanwhile is for the next one. */
export async function consumeAccepted(
  directory: string,
  { removals, since }: AcceptedRemovals,
): Promise<void> {
  const there = await readAccepted(directory);
  if (there?.removals === removals && there.since === since)
    await rm(join(directory, fileName), { force: true });
}
