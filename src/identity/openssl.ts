import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../core/problem.ts';
import type { Secret } from '../core/secret.ts';
import { type CommandResult, runCommand } from '../runtime/run-command.ts';

const timeoutMs = 10_000;

/**
 * Runs `openssl` among a few small public files (configuration, requests; never a key) in a private directory that is
 * its working directory and gone afterwards. The system's own openssl.cnf is never read: what is issued here must not
 * depend on what somebody set there. File names in `argv` are absolute, or those of `files`.
 *
 * openssl 3.0 ends with code 0 after some refusals (a request with a wrong signature, for one), so success is what
 * `proof` finds in its output, not the exit code alone.
 *
 * @returns what openssl printed on standard output
 * @throws Problem `certificate_invalid` with openssl's last words when it refuses; `missing_binary`, `command_timeout`
 */
export async function runOpenssl(task: {
  readonly files: Readonly<Record<string, string>>;
  /** What the file `/dev/stdin` in `argv` holds: a key, which so touches no disk. */
  readonly secretInput?: Secret<string> | undefined;
  readonly argv: readonly string[];
  /** What was tried, for the sentence of a failure: `sign the request`. */
  readonly purpose: string;
  /** Left out where the exit code tells all. */
  readonly proof?: (output: CommandResult) => boolean;
  readonly signal?: AbortSignal | undefined;
}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-ca-'));
  try {
    for (const [name, content] of Object.entries(task.files)) {
      await writeFile(join(directory, name), content, { mode: 0o600 });
    }
    const { secretInput } = task;
    const result = await runCommand(
      secretInput === undefined ? ['openssl', ...task.argv] : piped(task.argv),
      {
        timeoutMs,
        cwd: directory,
        ...(secretInput === undefined ? {} : { input: secretInput.reveal() }),
        env: { OPENSSL_CONF: '/dev/null', RANDFILE: '/dev/null' },
        ...(task.signal === undefined ? {} : { signal: task.signal }),
      },
    );
    if (result.code !== 0 || task.proof?.(result) === false) throw refused(task.purpose, result.stderr);
    return result.stdout;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Node hands over a socket, which nobody can open by the name `/dev/stdin`; behind `cat` it is a pipe. */
function piped(argv: readonly string[]): readonly string[] {
  return ['sh', '-c', 'cat | openssl "$@"', 'openssl', ...argv];
}

/** Whether standard output holds this PEM block. */
export function printed(label: 'CERTIFICATE' | 'CERTIFICATE REQUEST'): (output: CommandResult) => boolean {
  return ({ stdout }) => stdout.includes(`-----BEGIN ${label}-----`);
}

function refused(purpose: string, stderr: string): Problem {
  const lastWords = stderr.trim().split('\n').slice(-4).join(' | ').slice(-500);
  return new Problem('certificate_invalid', `openssl could not ${purpose}: ${lastWords}`);
}
