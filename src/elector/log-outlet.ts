import { type ChildProcess, spawn } from 'node:child_process';
import { constants, existsSync, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { standardErrorOfNode } from './shared-standard-error.ts';

/** Where lines leave the process. Its writes return at once. */
export interface LogOutlet {
  readonly stream: Writable;
  /** Resolves when all of it has been taken. Nothing is written after. */
  readonly finish: () => Promise<void>;
  /** What has not been taken is nobody's any more. */
  readonly abandon: () => void;
}

/**
 * Standard error, never waited for. Whether its writes wait for the reader is no property of ours, but of what we share with
 * our children and with whoever started us: any of them can make them wait, at any time. So
 *
 * - a pipe is opened anew, and that is ours alone;
 * - what cannot be opened anew (a socket, as systemd gives one; a terminal; the pipe of another user) gets a relay: a process
 *   that waits in our stead, and to which we have a pipe of our own;
 * - a file, and what else cannot stand still, is written as Node does.
 *
 * @returns null: nobody reads it now
 */
export function openOutlet(fd: number): LogOutlet | null {
  const kind = kindOf(fd);
  if (kind === 'file') return direct();
  if (kind === 'pipe') {
    const own = ownPipe(fd);
    if (own !== 'denied') return own;
  }
  return canRelay() ? relay(fd) : direct();
}

function kindOf(fd: number): 'file' | 'pipe' | 'other' {
  try {
    const stat = fstatSync(fd);
    if (stat.isFIFO()) return 'pipe';
    return stat.isSocket() || isatty(fd) ? 'other' : 'file';
  } catch {
    return 'file'; // it is closed
  }
}

function taken(stream: Writable): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

function direct(): LogOutlet {
  const stream = standardErrorOfNode();
  return { stream, finish: () => taken(stream), abandon: () => undefined };
}

function ownPipe(fd: number): LogOutlet | null | 'denied' {
  try {
    const own = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
    const stream = new Socket({ fd: own, readable: false, writable: true }).unref();
    return { stream, finish: () => taken(stream), abandon: () => stream.destroy() };
  } catch (error) {
    // A pipe without a reader cannot be opened so. Else it belongs to another user, or there is no /proc.
    return error instanceof Error && 'code' in error && error.code === 'ENXIO' ? null : 'denied';
  }
}

/** Signals that are meant for us (of a terminal, of systemd) leave it alone: it ends when we do, with what it has to say. */
const relayScript = `trap '' HUP INT QUIT TERM; exec cat >&2`;

/** Nothing of ours: our environment may hold a token of Consul, and whoever may look at the relay could read it there. */
const relayEnv = { PATH: '/bin:/usr/bin' };

function canRelay(): boolean {
  return existsSync('/bin/sh') && ['/bin/cat', '/usr/bin/cat'].some((file) => existsSync(file));
}

/** @returns null: the machine has no process to give now */
function relay(fd: number): LogOutlet | null {
  let child: ChildProcess;
  try {
    child = spawn('/bin/sh', ['-c', relayScript], {
      stdio: ['pipe', 'ignore', fd],
      detached: true,
      env: relayEnv,
    });
  } catch {
    return null;
  }
  const { stdin } = child;
  if (!(stdin instanceof Socket)) return null;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  // It has ended: nobody takes what is written there.
  void ended.then(() => stdin.destroy());
  child.unref();
  stdin.unref();
  return {
    stream: stdin,
    finish: () => {
      stdin.end();
      return ended;
    },
    abandon: () => void child.kill('SIGKILL'),
  };
}
