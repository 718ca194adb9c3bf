import { rename, rm } from 'node:fs/promises';
import { Problem } from '../core/problem.ts';
import { makeDirectory, readFileIfThere, syncDirectory } from '../runtime/files.ts';
import { readControlData } from './control-data.ts';
import { exists } from './exists.ts';
import { requireNoStrays } from './kill.ts';
import {
  apiRole,
  beside,
  databaseName,
  type InstanceSettings,
  inPgdata,
  pgdata,
  replicationRole,
  rewindRole,
  superuser,
} from './settings.ts';
import { runToolAlone } from './tool.ts';

const halfMade = 'pgdata.new';

/**
 * Size of a segment of the log, in MB. A standby that is pointed at another primary, or goes over to its new timeline, is sent
 * the segment anew from its beginning: with PostgreSQL's 16 MB that alone cost a failover 100 ms and more.
 */
const walSegmentMb = 2;

/**
 * Makes the instance's data directory with its roles and its database. The work is done beside and renamed when it is
 * complete: interrupted, it can simply be run again. A directory that is already there is left alone.
 *
 * @returns the system identifier, and whether the directory was made now.
 * @throws Problem `directory_not_ours` when `pgdata` is something else; `command_failed`, `missing_binary`.
 */
export async function initialise(
  settings: InstanceSettings,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal } = { timeoutMs: 120_000 },
): Promise<{ readonly systemIdentifier: string; readonly created: boolean }> {
  requireNoStrays(settings);
  if (await exists(pgdata(settings))) {
    if ((await readFileIfThere(inPgdata(settings, 'PG_VERSION'))) === null) {
      throw new Problem(
        'directory_not_ours',
        `${pgdata(settings)} exists and is no PostgreSQL data directory: move it away, or choose another directory.`,
      );
    }
    return { systemIdentifier: (await readControlData(settings)).systemIdentifier, created: false };
  }
  await makeDirectory(settings.dir, 0o700, settings.runAs);
  const directory = beside(settings, halfMade);
  await rm(directory, { recursive: true, force: true });
  await runToolAlone(
    settings,
    [
      'initdb',
      `--pgdata=${directory}`,
      `--username=${superuser}`,
      '--encoding=UTF8',
      '--locale=C.UTF-8',
      '--data-checksums',
      `--wal-segsize=${walSegmentMb}`,
      '--auth-local=peer',
      '--auth-host=reject',
      '--no-instructions',
    ],
    options,
  );
  await createRoles(settings, directory, options);
  const { systemIdentifier } = await readControlData(settings, directory);
  await rename(directory, pgdata(settings));
  await syncDirectory(settings.dir);
  return { systemIdentifier, created: true };
}

/** Roles and database, in single-user mode: no port is opened, and nobody can look in on the way. */
async function createRoles(
  settings: InstanceSettings,
  directory: string,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  await runToolAlone(
    settings,
    ['postgres', '--single', '-j', '-D', directory, '-c', 'exit_on_error=on', 'postgres'],
    { ...options, input: `${roleStatements.join(';\n\n')};\n\n` },
  );
}

/** No role has a password: people and workers come by the unix socket, other nodes by certificate. */
const roleStatements: readonly string[] = [
  `CREATE ROLE ${apiRole} LOGIN`,
  `CREATE DATABASE ${databaseName} OWNER ${apiRole}`,
  `CREATE ROLE ${replicationRole} LOGIN REPLICATION`,
  `CREATE ROLE ${rewindRole} LOGIN`,
  // What pg_rewind reads on its source (manual, pg_rewind, "Notes"), and a checkpoint there before it begins.
  `GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text, boolean, boolean) TO ${rewindRole}`,
  `GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_file(text, boolean) TO ${rewindRole}`,
  `GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file(text) TO ${rewindRole}`,
  `GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean) TO ${rewindRole}`,
  `GRANT pg_checkpoint TO ${rewindRole}`,
];
