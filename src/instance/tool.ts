import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { isProblem, Problem } from '../core/problem.ts';
import { type CommandResult, runCommand } from '../runtime/run-command.ts';
import { killEveryProcess } from './kill.ts';
import type { InstanceSettings } from './settings.ts';

export interface ToolOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly input?: string;
}

/**
 * Runs one of PostgreSQL's programs on the instance's directory, to its end. It dies with this process, and works from
 * inside the directory, so that whatever it leaves behind is found as a stray.
 *
 * @returns its output, with exit code 0.
 * @throws Problem `missing_binary`, `command_timeout`, `command_failed` with the end of what it printed.
 */
export async function runTool(
  settings: InstanceSettings,
  argv: readonly [string, ...string[]],
  options: ToolOptions,
): Promise<CommandResult> {
  const [name, ...args] = argv;
  const program = join(settings.binDir, name);
  try {
    await access(program, constants.X_OK);
  } catch (error) {
    throw new Problem('missing_binary', `${program} is not installed`, { cause: error });
  }
  const { signal, ...rest } = options;
  const result = await named(name, () =>
    runCommand(['setpriv', '--pdeathsig', 'KILL', '--', program, ...args], {
      ...rest,
      ...(signal === undefined ? {} : { signal }),
      runAs: settings.runAs,
      cwd: settings.dir,
    }),
  );
  if (result.code !== 0) {
    const words = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-6).join(' | ');
    throw new Problem('command_failed', `${name} ended with code ${result.code}: ${words.slice(-800)}`);
  }
  return result;
}

/**
 * As `runTool`, for a tool that works alone on the directory: when it fails or is cut short, whatever it started itself
 * (initdb a server, pg_basebackup a receiver of the log) is killed before the failure is told.
 */
export async function runToolAlone(
  settings: InstanceSettings,
  argv: readonly [string, ...string[]],
  options: ToolOptions,
): Promise<CommandResult> {
  try {
    return await runTool(settings, argv, options);
  } catch (error) {
    await killEveryProcess({ dir: settings.dir, postmaster: null }, { timeoutMs: 2000 });
    throw error;
  }
}

/** Says the tool's own name where the wrapper's would stand. */
async function named(name: string, run: () => Promise<CommandResult>): Promise<CommandResult> {
  try {
    return await run();
  } catch (error) {
    if (!isProblem(error, 'command_timeout', 'command_failed')) throw error;
    throw new Problem(error.code, error.detail.replace(/^setpriv/, name), { cause: error });
  }
}
