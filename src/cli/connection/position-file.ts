import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatLogPosition, type LogPosition, parseLogPosition } from '../../core/log-position.ts';
import { readFileIfThere, writeFileAtomically } from '../../runtime/files.ts';

/** Beside what `holdfast login` left behind. */
function fileOf(sessionFile: string): string {
  return join(dirname(sessionFile), 'position.json');
}

/** Behind what an earlier command wrote to the server at `url`; null: nothing is known. It is a convenience, so nothing is thrown. */
export async function readPosition(sessionFile: string, url: string): Promise<LogPosition | null> {
  try {
    const value: unknown = JSON.parse((await readFileIfThere(fileOf(sessionFile))) ?? 'null');
    if (typeof value !== 'object' || value === null) return null;
    const { url: of, position } = { url: null, position: null, ...value };
    return of === url && typeof position === 'string' ? parseLogPosition(position) : null;
  } catch {
    return null;
  }
}

/** Remembers it for the next command, where there is a session. */
export async function writePosition(sessionFile: string, url: string, position: LogPosition): Promise<void> {
  const record = { url, position: formatLogPosition(position) };
  await writeFileAtomically(fileOf(sessionFile), `${JSON.stringify(record)}\n`).catch(() => undefined);
}

export async function forgetPosition(sessionFile: string): Promise<void> {
  await rm(fileOf(sessionFile), { force: true });
}
