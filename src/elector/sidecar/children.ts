import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';

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
 * A member of the command's group that reads from this process until there is an end, as when this process has died, and
 * then kills the group, itself included. It is nobody's child who waits for children; while it lives, no other group can get
 * the number of this one.
 */
const guard = `trap '' HUP INT QUIT TERM; read -r _ <&3; kill -KILL 0`;
const guarded = `(/bin/sh -c "$1" </dev/null >/dev/null 2>&1 &); exec 3<&- /bin/sh -c "$2"`;

/**
 * Starts a command by the shell, in a process group of its own. When this process dies, however it dies, the group is killed
 * with all that is in it. Only who leaves the group (setsid) is left.
 */
export function startChild(command: string, env: NodeJS.ProcessEnv): Child {
  const argv = ['--pdeathsig', 'KILL', '--', '/bin/sh', '-c', guarded, 'sh', guard, command];
  const child = spawn('setpriv', argv, {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    detached: true,
  });
  // Its guard may hold the other end for longer than this process has something to do.
  const line = child.stdio[3];
  line?.on('error', () => undefined);
  if (line instanceof Socket) line.unref();
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
