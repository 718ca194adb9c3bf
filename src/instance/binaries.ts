import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../core/problem.ts';
import { runCommand } from '../runtime/run-command.ts';

export const oldestMajor = 15;
export const newestMajor = 18;

const needed = ['postgres', 'initdb', 'pg_basebackup', 'pg_rewind', 'pg_controldata'] as const;

/** PostgreSQL's programs of one major version. */
export interface PostgresBinaries {
  readonly binDir: string;
  readonly major: number;
  /** As `postgres --version` says it, without the distribution's suffix: `15.18`. */
  readonly version: string;
}

/**
 * The PostgreSQL programs to use: those in `binDir` where one is given, else the newest supported major version that
 * Debian's packages put under /usr/lib/postgresql.
 *
 * @throws Problem `missing_binary`, with what to install; `config_invalid` when `binDir` holds an unsupported version.
 */
export async function findPostgres(binDir: string | null): Promise<PostgresBinaries> {
  if (binDir !== null) return inspect(binDir);
  for (let major = newestMajor; major >= oldestMajor; major -= 1) {
    const candidate = `/usr/lib/postgresql/${major}/bin`;
    if (await hasAll(candidate)) return inspect(candidate);
  }
  throw new Problem(
    'missing_binary',
    `PostgreSQL ${oldestMajor} to ${newestMajor} was not found under /usr/lib/postgresql: install it (apt-get install postgresql-${oldestMajor}), or name its bin directory with --postgres-bin.`,
  );
}

async function inspect(binDir: string): Promise<PostgresBinaries> {
  if (!(await hasAll(binDir))) {
    throw new Problem(
      'missing_binary',
      `--postgres-bin: ${binDir} does not hold ${needed.join(', ')}: install the PostgreSQL server package, or correct the directory.`,
    );
  }
  const { stdout } = await runCommand([join(binDir, 'postgres'), '--version'], { timeoutMs: 10_000 });
  const [, version] = /PostgreSQL\) (\d+(?:\.\d+)?)/.exec(stdout) ?? [];
  const major = Number.parseInt(version ?? '', 10);
  if (version === undefined || !(major >= oldestMajor && major <= newestMajor)) {
    throw new Problem(
      'config_invalid',
      `--postgres-bin: ${binDir} holds "${stdout.trim()}"; Holdfast runs PostgreSQL ${oldestMajor} to ${newestMajor}.`,
    );
  }
  return { binDir, major, version };
}

async function hasAll(binDir: string): Promise<boolean> {
  const found = await Promise.allSettled(needed.map((name) => access(join(binDir, name), constants.X_OK)));
  return found.every((result) => result.status === 'fulfilled');
}
