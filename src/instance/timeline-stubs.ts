import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { syncDirectory, writeFileAtomically } from '../runtime/files.ts';
import { type InstanceSettings, inPgdata } from './settings.ts';

/*
 * PostgreSQL promotes onto the newest timeline that it has a `.history` file of, plus one (findNewestTimeLine in
 * timeline.c: it counts upward from its own until a number has no file). Empty files, "stubs", for the numbers between
 * make it take the planned number. They name no ancestors, so no standby takes one for the way to follow.
 *
 * They stay on the promoted node: a standby fetches the history of *every* number between its own timeline and its
 * primary's, and would not connect if one were missing.
 */

/** Name of a timeline's history file. */
export function historyFileName(timeline: number): string {
  return `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
}

/**
 * Makes the next promotion of a standby come out on timeline `to`, unless some number at or above `to` has a history
 * already. Real histories are never overwritten.
 */
export async function skipTimelines(settings: InstanceSettings, to: number): Promise<void> {
  const present = new Set((await historyFiles(settings)).map((file) => file.timeline));
  for (let timeline = 2; timeline < to; timeline += 1) {
    if (present.has(timeline)) continue;
    await writeFileAtomically(inPgdata(settings, 'pg_wal', historyFileName(timeline)), '', {
      owner: settings.runAs,
    });
  }
}

/**
 * Removes the stubs above the newest real history, before a start as standby: `recovery_target_timeline = latest`
 * would take the newest number for its target and refuse to start ("not a child of this server's history"). An
 * abandoned promotion leaves such stubs, and so does a standby that ended while it fetched them.
 */
export async function trimStubs(settings: InstanceSettings): Promise<void> {
  const files = await historyFiles(settings);
  const newestReal = Math.max(0, ...files.filter((file) => !file.stub).map((file) => file.timeline));
  const above = files.filter((file) => file.stub && file.timeline > newestReal);
  for (const { name } of above) await rm(inPgdata(settings, 'pg_wal', name), { force: true });
  if (above.length > 0) await syncDirectory(inPgdata(settings, 'pg_wal'));
}

/** The text of a timeline's history on this node, or null when it has none. */
export async function readLocalHistory(settings: InstanceSettings, timeline: number): Promise<string | null> {
  const file = (await historyFiles(settings)).find((one) => one.timeline === timeline);
  if (file === undefined || file.stub) return null;
  return readFile(inPgdata(settings, 'pg_wal', file.name), 'utf8');
}

interface HistoryFile {
  readonly name: string;
  readonly timeline: number;
  readonly stub: boolean;
}

async function historyFiles(settings: InstanceSettings): Promise<readonly HistoryFile[]> {
  const found: HistoryFile[] = [];
  for (const name of await readdir(inPgdata(settings, 'pg_wal'))) {
    const [, hex] = /^([0-9A-F]{8})\.history$/.exec(name) ?? [];
    if (hex === undefined) continue;
    const { size } = await stat(inPgdata(settings, 'pg_wal', name));
    found.push({ name, timeline: Number.parseInt(hex, 16), stub: size === 0 });
  }
  return found;
}
