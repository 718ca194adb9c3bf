import { readFileIfThere } from '../../runtime/files.ts';

/**
 * A file below the home directory; null also when it may not be read: then the home is somebody else's, as under `runuser`,
 * which keeps HOME as it was.
 */
export async function readOwnFile(path: string): Promise<string | null> {
  try {
    return await readFileIfThere(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') return null;
    throw error;
  }
}
