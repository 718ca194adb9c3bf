import { readFileIfThere } from '../runtime/files.ts';

/** The last lines of a log; null when there is none. */
export async function lastLines(path: string, count: number): Promise<string | null> {
  const text = await readFileIfThere(path);
  return text === null ? null : text.trimEnd().split('\n').slice(-count).join('\n');
}
