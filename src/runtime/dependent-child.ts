import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { asUser, type SystemUser } from './run-as.ts';

export interface DependentChildOptions {
  readonly runAs?: SystemUser | null;
  /** The signal that the kernel sends to the child when this process dies, however it dies. */
  readonly deathSignal?: 'SIGKILL' | 'SIGQUIT' | 'SIGTERM';
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdio?: StdioOptions;
}

/**
 * Starts a long-lived child that the kernel ends when this process ends (`setpriv --pdeathsig`, util-linux). The signal
 * follows the *thread* that forked: call it from the main thread only. A stopped (SIGSTOP) child obeys SIGKILL alone.
 */
export function spawnDependent(argv: readonly string[], options: DependentChildOptions = {}): ChildProcess {
  const user = asUser(options.runAs ?? null).slice(1);
  const death = (options.deathSignal ?? 'SIGKILL').slice('SIG'.length);
  return spawn('setpriv', [...user, '--pdeathsig', death, '--', ...argv], {
    cwd: options.cwd ?? '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', ...options.env },
    stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
  });
}
