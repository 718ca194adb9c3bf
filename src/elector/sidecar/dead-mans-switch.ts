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
 * that authority is extended another takes its place. It dies with this process, and the task's guard kills the task then.
 *
 * @param groupId of the task
 */
export function armDeadMansSwitch(groupId: number, leftMs: number): DeadMansSwitch {
  let current: ChildProcess | null = null;
  const putOff = (ms: number): void => {
    const next = startSleeper(groupId, ms);
    // What cannot be started does not take the place of what runs: the task ends too early then, not too late.
    if (next === null) return;
    end(current);
    current = next;
  };
  putOff(leftMs);
  return {
    putOff,
    disarm: () => {
      end(current);
      current = null;
    },
  };
}

function startSleeper(groupId: number, ms: number): ChildProcess | null {
  const seconds = (Math.max(1, ms) / 1000).toFixed(3);
  const argv = ['--pdeathsig', 'KILL', '--', '/bin/sh', '-c', script, 'switch', seconds, String(groupId)];
  try {
    const sleeper = spawn('setpriv', argv, { stdio: 'ignore', detached: true });
    sleeper.on('error', () => undefined);
    return sleeper.pid === undefined ? null : sleeper;
  } catch {
    return null;
  }
}

function end(child: ChildProcess | null): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}
