import { fork } from 'node:child_process';
import { Problem } from '../core/problem.ts';
import type { ProgressEvent, Tell } from './progress.ts';

/** What a supervisor in the background tells the command that started it. */
export type SupervisorMessage =
  | { readonly kind: 'progress'; readonly event: ProgressEvent }
  | { readonly kind: 'ready'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string; readonly exitCode: number };

export interface Detached {
  readonly main: string;
  readonly words: readonly string[];
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

/**
 * Starts the supervisor as a process of its own session and waits until the demo is ready; then it goes on alone.
 *
 * @returns what to show the user, and the exit code
 */
export async function superviseInBackground(
  detached: Detached,
): Promise<{ readonly text: string; readonly exitCode: number }> {
  const { main, words, tell, signal } = detached;
  const child = fork(main, [...words], {
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    cwd: '/',
  });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  try {
    return await new Promise((resolve, reject) => {
      child.on('message', (message: SupervisorMessage) => {
        if (message.kind === 'progress') tell(message.event);
        if (message.kind === 'ready') resolve({ text: message.text, exitCode: 0 });
        if (message.kind === 'failed') resolve({ text: message.text, exitCode: message.exitCode });
      });
      child.once('error', reject);
      child.once('exit', (code) =>
        signal.aborted
          ? resolve({ text: 'Stopped.', exitCode: 130 })
          : reject(new Problem('command_failed', `the supervisor ended with code ${code}.`)),
      );
    });
  } finally {
    signal.removeEventListener('abort', stop);
    child.removeAllListeners('exit');
    if (child.connected) child.disconnect();
    child.unref();
  }
}
