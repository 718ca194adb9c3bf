import { type ChildProcess, spawn } from 'node:child_process';

/** Ends a task when its leader's authority has run out, even if this process stands still and cannot. */
export interface DeadMansSwitch {
  /** Authority lasts so long from now on. */
  readonly putOff: (leftMs: number) => void;
  readonly disarm: () => void;
}

const script = 'sleep "$1"; kill -KILL "-$2"';

/**
 * A process of its own that sleeps for as long as authority lasts and then kills the process group of the task. Each time
 * that authority is extended another takes its place, once it has started: else the earlier one stays, and is early. When
 * this process dies, the group has a guard of its own (`children.ts`).
 *
 * @param groupId of the task
 */
export function armDeadMansSwitch(groupId: number, leftMs: number): DeadMansSwitch {
  let current: ChildProcess | null = null;
  let isDisarmed = false;
  const putOff = (ms: number): void => {
    const next = sleeper(groupId, ms);
    if (next === null) return failed();
    next.once('error', failed);
    next.once('spawn', () => {
      end(isDisarmed ? next : current);
      if (!isDisarmed) current = next;
    });
  };
  /** Without any switch the task must not run. */
  const failed = (): void => {
    if (current === null && !isDisarmed) kill(groupId);
  };
  putOff(leftMs);
  return {
    putOff,
    disarm: () => {
      isDisarmed = true;
      end(current);
      current = null;
    },
  };
}

/** Null: it cannot be started now. */
function sleeper(groupId: number, ms: number): ChildProcess | null {
  const seconds = (Math.max(1, ms) / 1000).toFixed(3);
  const argv = ['--pdeathsig', 'KILL', '--', '/bin/sh', '-c', script, 'switch', seconds, String(groupId)];
  try {
    return spawn('setpriv', argv, { stdio: 'ignore', detached: true });
  } catch {
    return null;
  }
}

function end(child: ChildProcess | null): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  kill(child.pid);
}

function kill(groupId: number): void {
  try {
    process.kill(-groupId, 'SIGKILL');
  } catch {
    // it has ended
  }
}
