import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
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
 * The guard is a member of the command's own process group. It waits for the end of a pipe that only we hold open, so when
 * we are dead, and kills its group. While it lives the group's number belongs to nobody else.
 * The command's output comes as 4 and 5, since Node makes what a child gets as 1 and 2 block, for us, too.
 */
const script = [
  `(trap '' TERM INT HUP QUIT; exec 4>&- 5>&-; read -r end <&3; kill -KILL 0) &`,
  'exec setpriv --pdeathsig KILL -- "$0" -c "$1" >&4 2>&5 3>&- 4>&- 5>&-',
].join('\n');

/**
 * Starts a command by the shell, in a process group of its own, which is killed when this process dies, however it dies: the
 * shell by the kernel (`setpriv --pdeathsig`, util-linux), all else by a guard. Who leaves the group (setsid) escapes.
 */
export function startChild(command: string, env: NodeJS.ProcessEnv): Child {
  let child: ChildProcess;
  try {
    child = spawn('/bin/sh', ['-c', script, '/bin/sh', command], {
      argv0: 'holdfast-elect-guard',
      env,
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 1, 2],
      detached: true,
    });
  } catch (error) {
    return neverStarted(error);
  }
  const ended = endOf(child);
  const isKnown = holdsGroup(child);
  const signal = (name: NodeJS.Signals): void => {
    if (isKnown()) signalGroup(child, name);
  };
  return {
    groupId: child.pid ?? null,
    ended,
    stop: async (graceMs) => {
      signal('SIGTERM');
      const kill = setTimeout(() => signal('SIGKILL'), graceMs);
      await ended;
      clearTimeout(kill);
      // What the command left behind belongs to it.
      signal('SIGKILL');
    },
  };
}

/** Whether a member of the group lives, so that its number is still its own: the command itself, or the guard. */
function holdsGroup(child: ChildProcess): () => boolean {
  let isGuarded = false;
  const guard = child.stdio[3];
  if (guard instanceof Socket) {
    isGuarded = true;
    guard.once('close', () => {
      isGuarded = false;
    });
    guard.on('error', () => undefined);
    guard.unref().resume();
  }
  return () => isGuarded || (child.exitCode === null && child.signalCode === null);
}

function neverStarted(reason: unknown): Child {
  const code = reason instanceof Error && 'code' in reason ? String(reason.code) : 'unknown';
  const end = { code: 126, because: `cannot be started (${code})` };
  return { groupId: null, ended: Promise.resolve(end), stop: async () => undefined };
}

function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      if (signal !== null)
        resolve({ code: 128 + constants.signals[signal], because: `was ended by ${signal}` });
      else if (code === 127)
        resolve({ code, because: 'cannot be found, or setpriv (util-linux) is missing' });
      else resolve({ code: code ?? 1, because: `ended with exit code ${code}` });
    });
    child.once('error', (error) => resolve({ code: 126, because: `cannot be started (${error.message})` }));
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
