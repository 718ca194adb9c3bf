import { CommanderError } from 'commander';
import { isProblem } from '../core/problem.ts';

/** How a command ends that could not do what it was asked. */
export interface Failure {
  readonly exitCode: number;
  /** One sentence for standard error; null when everything has been said. */
  readonly sentence: string | null;
}

const usageExit = 2;
const failureExit = 1;
/** 128 + SIGINT, as shells have it. */
const interruptedExit = 130;

/** Errors of the operating system that people can do something about. */
const systemErrors: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; run the command as root, or as the user that the node belongs to',
  EPERM: 'not permitted; run the command as root, or as the user that the node belongs to',
  ENOSPC: 'the disk is full; make room and run the command again',
  EDQUOT: 'the disk quota is used up; make room and run the command again',
  EROFS: 'the file system is read-only; make it writable, or choose a directory on another one',
  ENOENT: 'there is no such file or directory',
  ENOTDIR: 'a part of the path is not a directory',
  ECONNREFUSED: 'nobody listens there; is the node running?',
  ENOTFOUND: 'the name does not resolve; check it, or give an address',
  EHOSTUNREACH: 'the host cannot be reached',
  ETIMEDOUT: 'no answer in time',
  EADDRINUSE: 'the port is taken; choose others with --ports',
};

/**
 * What to tell the user, and the exit code: 2 when the command could never have worked as it was typed, 1 when it failed.
 *
 * @param helpCommand where to read on after a mistake in the arguments, as `holdfast join --help`
 */
export function explainFailure(error: unknown, helpCommand: string): Failure {
  if (error instanceof CommanderError) return explainArguments(error, helpCommand);
  if (isProblem(error, 'interrupted')) return { exitCode: interruptedExit, sentence: error.detail };
  if (isProblem(error)) {
    return { exitCode: error.kind === 'usage' ? usageExit : failureExit, sentence: error.detail };
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return { exitCode: interruptedExit, sentence: 'interrupted.' };
  }
  return { exitCode: failureExit, sentence: systemSentence(error) ?? unexpected(error) };
}

function explainArguments(error: CommanderError, helpCommand: string): Failure {
  if (error.exitCode === 0) return { exitCode: 0, sentence: null }; // --help, --version
  if (error.code === 'commander.help') return { exitCode: usageExit, sentence: null }; // help was shown
  const said = error.message
    .replace(/^error: /u, '')
    .replaceAll(/\s+/gu, ' ')
    .trim();
  return { exitCode: usageExit, sentence: `${said.replace(/\.?$/u, '.')} See "${helpCommand}".` };
}

function systemSentence(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  const meaning = systemErrors[error.code];
  if (meaning === undefined) return null;
  const where = 'path' in error && typeof error.path === 'string' ? `${error.path}: ` : '';
  return `${where}${meaning} (${error.code}).`;
}

function unexpected(error: unknown): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `this should not have happened: ${what} (HOLDFAST_DEBUG=1 shows where; please report it).`;
}
