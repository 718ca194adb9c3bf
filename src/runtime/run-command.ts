import { spawn } from 'node:child_process';
import { Problem } from '../core/problem.ts';
import { asUser, type SystemUser } from './run-as.ts';

export interface CommandOptions {
  readonly timeoutMs: number;
  readonly runAs?: SystemUser | null;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string | Buffer;
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const outputLimitBytes = 4 * 1024 * 1024;

/**
 * Runs a short-lived command to its end and returns what it printed, whatever its exit code. Secrets never go into
 * `argv`; hand them over by `input` or a file.
 *
 * @throws Problem `missing_binary`, `command_timeout`; `command_failed` when it was killed or printed without end.
 */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const [program, ...args] = [...asUser(options.runAs ?? null), ...argv];
  if (program === undefined) throw new Problem('usage', 'runCommand: empty command');
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: options.cwd ?? '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', ...options.env },
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let bytes = 0;
  const keep = (chunks: Buffer[]) => (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > outputLimitBytes) child.kill('SIGKILL');
    else chunks.push(chunk);
  };
  child.stdout.on('data', keep(stdout));
  child.stderr.on('data', keep(stderr));
  child.stdin.on('error', () => undefined); // a command that does not read its input closes it: not our fault
  child.stdin.end(options.input ?? '');
  const startedAt = performance.now();
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
    (resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => reject(translate(argv, error)));
      child.once('close', (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
    },
  );
  if (code === null) {
    const timedOut = performance.now() - startedAt >= options.timeoutMs;
    if (timedOut)
      throw new Problem('command_timeout', `${argv[0]} did not end within ${options.timeoutMs} ms`);
    throw new Problem('command_failed', `${argv[0]} was ended by ${signal}`);
  }
  return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

/** As `runCommand`, but an exit code other than 0 is a Problem `command_failed` that quotes the end of standard error. */
export async function runCommandOk(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const result = await runCommand(argv, options);
  if (result.code !== 0) {
    const lastWords = (result.stderr.trim() || result.stdout.trim())
      .split('\n')
      .slice(-6)
      .join(' | ')
      .slice(-800);
    throw new Problem('command_failed', `${argv[0]} ended with code ${result.code}: ${lastWords}`);
  }
  return result;
}

function translate(argv: readonly string[], error: NodeJS.ErrnoException): Error {
  if (error.code === 'ENOENT') {
    return new Problem('missing_binary', `${argv[0]} is not installed, or not where it was expected`, {
      cause: error,
    });
  }
  return error;
}
