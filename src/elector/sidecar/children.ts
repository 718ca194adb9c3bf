import { type ChildProcess, spawn } from 'node:child_process';

/** A command that was started, with all that it starts. */
export interface Child {
  /** Of all that it starts; null when it could not be started. */
  readonly groupId: number | null;
  /** How it ended; never rejects. */
  readonly ended: Promise<ChildEnd>;
  /** SIGTERM, and SIGKILL when it has not ended after `graceMs`; resolves when it has ended. */
  readonly stop: (graceMs: number) => Promise<void>;
}

export interface ChildEnd {
  /** As a shell tells it: 128 and the signal's number for one that was killed. */
  readonly code: number;
  readonly because: string;
}

/**
 * Starts a command by the shell, in a process group of its own. The kernel kills the shell when this process dies, however
 * it dies (`setpriv --pdeathsig`, util-linux): put `exec` before a command that must not outlive it.
 */
export function startChild(command: string, env: NodeJS.ProcessEnv): Child {
  const argv = ['--pdeathsig', 'KILL', '--', '/bin/sh', '-c', command];
  const child = spawn('setpriv', argv, { env, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  const ended = endOf(child);
  return {
    groupId: child.pid ?? null,
    ended,
    stop: async (graceMs) => {
      signalGroup(child, 'SIGTERM');
      const kill = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
      await ended;
      clearTimeout(kill);
      // What the command left behind belongs to it.
      signalGroup(child, 'SIGKILL');
    },
  };
}

function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      if (signal !== null) resolve({ code: 128, because: `was ended by ${signal}` });
      else resolve({ code: code ?? 1, because: `ended with exit code ${code}` });
    });
    child.once('error', () => {
      resolve({ code: 127, because: 'cannot be started: that needs setpriv (util-linux)' });
    });
  });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // nobody is left in it
  }
}
