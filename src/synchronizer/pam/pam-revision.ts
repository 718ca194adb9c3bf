import { createHash } from 'node:crypto';
import type { PamAccount } from './pam-shapes.ts';

/** A vault notes times in seconds, and its clock may be a little behind that of the server before it. */
const youngMs = 5000;

/**
 * What changes whenever a value of an account may have changed: the time of its last change, and a digest of all that the list itself
 * shows. null when the list tells no time, or one so young that another change within the same second would not show.
 *
 * @param atMs Unix time of the list by the server's own clock
 */
export function revisionOf(
  { name, lastModified, categoryModified }: PamAccount,
  fields: ReadonlyMap<string, string>,
  atMs: number,
): string | null {
  const changedMs = lastModified === null ? Number.NaN : instantOf(lastModified);
  if (!(atMs - changedMs >= youngMs)) return null;
  const shown = JSON.stringify([name, categoryModified, ...fields]);
  return `${lastModified}/${createHash('sha256').update(shown).digest('base64url').slice(0, 22)}`;
}

/** Milliseconds of Unix time; most versions give seconds. NaN for what is no time. */
function instantOf(text: string): number {
  if (!/^\d+(\.\d+)?$/u.test(text)) return Date.parse(text);
  const number = Number(text);
  return number < 1e11 ? number * 1000 : number;
}
