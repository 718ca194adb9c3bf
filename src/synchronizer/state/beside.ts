import { chown, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type WriteOptions, writeFileAtomically } from '../../runtime/files.ts';

type Owner = NonNullable<WriteOptions['owner']>;

/**
 * Writes a file of a state directory. Root may work on what runs as somebody else, who must be able to read and replace it: what root
 * writes belongs to whom the directory belongs to.
 */
export async function writeBeside(
  path: string,
  content: string | Buffer,
  options: Omit<WriteOptions, 'owner'> = {},
): Promise<void> {
  await writeFileAtomically(path, content, { ...options, owner: await ownerBeside(path) });
}

/** Gives what was just made to whom the directory belongs to, when root made it. */
export async function giveToOwner(path: string): Promise<void> {
  const owner = await ownerBeside(path);
  if (owner !== null) await chown(path, owner.uid, owner.gid);
}

/** null: the file is the caller's, as usual. */
async function ownerBeside(path: string): Promise<Owner | null> {
  if (process.getuid?.() !== 0) return null;
  const { uid, gid } = await stat(dirname(path));
  return { uid, gid };
}
