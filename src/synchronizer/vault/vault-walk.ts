import { Problem } from '../../core/problem.ts';
import type { limited } from '../../runtime/limited.ts';
import type { ListGate } from '../source/list-gate.ts';
import type { WebAnswer, WebRequest } from '../web/web-api.ts';
import type { WebSession } from '../web/web-session.ts';
import { encodedPath } from './encoded-path.ts';
import { readKeys, readMissing } from './vault-shapes.ts';

/** What the lists of one line of business are made with. */
export interface Walk {
  readonly session: WebSession;
  readonly mount: string;
  readonly inTurn: ReturnType<typeof limited>;
  /** Lists are not asked for where those before were not answered. */
  readonly gate: ListGate;
  readonly signal: AbortSignal;
}

/**
 * A folder that is not there has no keys: Vault answers 404 for it. Only the mount itself may be without any: a folder that was named
 * a moment ago has been taken away, or may not be seen, and what lies in it must not pass for removed.
 */
export async function listKeys(walk: Walk, folder: string): Promise<readonly string[]> {
  const attempt = `list ${walk.mount}/${folder}`;
  const path = `/v1/${encodedPath(walk.mount)}/metadata/${encodedPath(folder)}?list=true`;
  const answer = await ask(walk, { attempt, path, expected: [404] });
  if (answer.status !== 404) return readKeys(answer.json, attempt);
  readMissing(answer.json, attempt, 'folder');
  if (folder === '') return [];
  throw new Problem(
    'source_unexpected',
    `Cannot ${attempt}: the folder is named where it lies, and is not there.`,
  );
}

/** Asks in turn, with the others of the source. */
export function ask(
  { session, inTurn, gate, signal }: Walk,
  request: Pick<WebRequest, 'attempt' | 'path' | 'expected' | 'ofOne'>,
): Promise<WebAnswer> {
  return inTurn(() => gate((asked) => session.call({ method: 'GET', ...request }, asked), signal));
}
