import { describeError } from '../core/problem.ts';
import { readFileIfThere } from '../runtime/files.ts';
import { type ControlData, readControlData } from './control-data.ts';
import { findStrays } from './kill.ts';
import { type Interruption, readInterruption } from './markers.ts';
import { postmasterStatus } from './postmaster-file.ts';
import { isAlive, isStopped } from '../runtime/process-facts.ts';
import { listProcesses } from './processes.ts';
import type { RunningInstance } from './running-instance.ts';
import { askServer, type ServerFacts } from './server-facts.ts';
import { sqlState } from './session.ts';
import { type InstanceSettings, inPgdata } from './settings.ts';

/** What can be said of an instance at one moment. */
export type InstanceReport = { readonly interruption: Interruption | null } & (
  | { readonly state: 'absent' }
  /** No process of it lives. `control` is null where it cannot be read; `because` says why. */
  | { readonly state: 'stopped'; readonly control: ControlData | null; readonly because: string | null }
  /** Its postmaster lives and does not accept connections yet. */
  | { readonly state: 'starting' }
  | ({ readonly state: 'running' } & ServerFacts)
  /** Something of it lives, and nobody knows what it does: it may hold sessions, it may acknowledge. */
  | {
      readonly state: 'unresponsive';
      readonly because: string;
      /** Processes without a postmaster of ours: of an earlier life, or left by a kill. */
      readonly strays: boolean;
    }
);

export interface ObserveTarget {
  readonly settings: InstanceSettings;
  /** The instance that this process started, while there is one. */
  readonly running: RunningInstance | null;
}

/**
 * Looks at an instance. Never throws, and ends soon after `timeoutMs` whatever the server does: one statement on a kept
 * connection, which is dropped when it is not answered in time. `control: false` leaves pg_control of a stopped instance
 * unread, which costs a process.
 */
export async function observe(
  target: ObserveTarget,
  options: { readonly timeoutMs: number; readonly control?: boolean },
): Promise<InstanceReport> {
  try {
    const interruption = await readInterruption(target.settings);
    const { running } = target;
    const report =
      running === null || running.ended !== null
        ? await observeStopped(target.settings, options.control ?? true)
        : await observeRunning(running, options.timeoutMs);
    return { interruption, ...report };
  } catch (error) {
    return { interruption: null, state: 'unresponsive', strays: false, because: describeError(error) };
  }
}

// Distributes over the union, so that each state keeps its own fields.
type WithoutInterruption<T> = T extends unknown ? Omit<T, 'interruption'> : never;
type StateReport = WithoutInterruption<InstanceReport>;

async function observeStopped(settings: InstanceSettings, control: boolean): Promise<StateReport> {
  const strays = findStrays(settings);
  if (strays.length > 0) {
    return {
      state: 'unresponsive',
      strays: true,
      because: `processes without a postmaster: ${listProcesses(strays)}`,
    };
  }
  if ((await readFileIfThere(inPgdata(settings, 'PG_VERSION'))) === null) return { state: 'absent' };
  if (!control) return { state: 'stopped', control: null, because: null };
  try {
    return { state: 'stopped', control: await readControlData(settings), because: null };
  } catch (error) {
    return { state: 'stopped', control: null, because: describeError(error) };
  }
}

async function observeRunning(running: RunningInstance, timeoutMs: number): Promise<StateReport> {
  // Sessions of a stopped postmaster go on answering, ours too: it would look healthy while nobody can connect.
  if (isStopped(running.postmaster)) {
    return {
      state: 'unresponsive',
      strays: false,
      because: 'the postmaster is stopped (SIGSTOP): nobody can connect',
    };
  }
  try {
    return { state: 'running', ...(await askServer(running.session, timeoutMs)) };
  } catch (error) {
    if (!isAlive(running.postmaster))
      return { state: 'unresponsive', strays: false, because: 'the postmaster has just ended' };
    const status = await postmasterStatus(running.settings, running.postmaster.pid);
    const refusedForNow = sqlState(error) === '57P03'; // cannot_connect_now: starting up, or shutting down
    if ((status === null || status === 'starting' || status === 'standby') && isNoAnswerYet(error)) {
      return { state: 'starting' };
    }
    if (refusedForNow && status !== 'stopping') return { state: 'starting' };
    return { state: 'unresponsive', strays: false, because: describeError(error) };
  }
}

/** Refused or nobody there: what a client of a server that starts sees. Silence is something else. */
function isNoAnswerYet(error: unknown): boolean {
  if (sqlState(error) === '57P03') return true;
  const cause = error instanceof Error ? error.cause : undefined;
  return (
    cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED')
  );
}
