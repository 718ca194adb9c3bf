import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Only whoever holds the directory writes these; commands write others beside it. */
const half = /^(?:state\.jsonl|digest\.key|status\.json|standing\.json)\.[0-9a-f]{12}\.tmp$/u;

/** Deletes what one that was killed while it wrote has left in its state directory. Call it with the directory taken. */
export async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory))
    if (half.test(name)) await rm(join(directory, name), { force: true }).catch(() => undefined);
}
