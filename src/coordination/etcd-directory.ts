import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../core/problem.ts';
import { makeDirectory, readFileIfThere, writeFileAtomically } from '../runtime/files.ts';
import type { SystemUser } from '../runtime/run-as.ts';
import type { EtcdSettings } from './etcd-settings.ts';

const markName = 'holdfast-etcd.json';

/**
 * Makes the data directory ready, or says why etcd must not be started on it. etcd itself ignores the settings of a
 * directory that holds data, and a voter that comes back without its log can undo what the cluster has agreed on; so the
 * directory carries a mark of who it belongs to, written before etcd's first start.
 *
 * @throws Problem `directory_not_ours`, `etcd_data_missing`
 */
export async function prepareEtcdDirectory(settings: EtcdSettings, owner: SystemUser | null): Promise<void> {
  const { dataDir, start } = settings;
  const names = await namesIn(dataDir);
  const hasData = names.includes('member');
  const wanted = JSON.stringify({ cluster: settings.clusterToken, member: settings.name });
  const mark = await readFileIfThere(join(dataDir, markName));
  if (mark !== null && mark.trim() !== wanted) {
    throw notOurs(dataDir, `it is marked as ${mark.trim().slice(0, 200)}, not as ${wanted}`);
  }
  if (mark === null && names.length > 0) {
    const what = hasData ? 'etcd data of an unknown cluster' : `files that are not etcd's (${names[0]})`;
    throw notOurs(dataDir, `it holds ${what}`);
  }
  if (start.kind === 'resume' && !hasData) {
    throw new Problem(
      'etcd_data_missing',
      `etcd dataDir: ${dataDir} is empty, but ${settings.name} has been a member before. It must not come back under its old id: remove that member by id, add it anew as a learner, and start with "join".`,
    );
  }
  await makeDirectory(dataDir, 0o700, owner);
  if (mark === null) await writeFileAtomically(join(dataDir, markName), `${wanted}\n`, { owner });
}

/** Whose data the directory holds, as `prepareEtcdDirectory` marked it; null where nothing is. */
export async function etcdDirectoryToken(dataDir: string): Promise<string | null> {
  const mark = await readFileIfThere(join(dataDir, markName));
  if (mark === null) return null;
  try {
    const { cluster }: { readonly cluster?: unknown } = JSON.parse(mark);
    return typeof cluster === 'string' ? cluster : null;
  } catch {
    return null;
  }
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') {
      throw notOurs(path, 'it is not a directory');
    }
    throw error;
  }
}

function notOurs(path: string, because: string): Problem {
  return new Problem(
    'directory_not_ours',
    `etcd dataDir: ${path} cannot be used: ${because}. Name another directory, or move this one away.`,
  );
}
