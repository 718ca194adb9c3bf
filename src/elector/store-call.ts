import type { ElectionAction } from '../core/election/action.ts';
import type { ElectionBackend, SeenLock } from '../core/election/backend.ts';
import type { ElectionEvent } from '../core/election/event.ts';
import type { ElectionTiming } from '../core/election/timing.ts';
import { describeError } from '../core/problem.ts';
import { pause } from '../runtime/pause.ts';

type Timeless<T> = T extends unknown ? Omit<T, 'nowMs'> : never;

/** An event whose moment is not noted yet. */
export type Happening = Timeless<ElectionEvent>;

/** An action that is carried out in the store. */
export type CallAction = Extract<
  ElectionAction,
  { readonly kind: 'open' | 'renew' | 'close' | 'watch' | 'acquire' | 'release' }
>;

export interface StoreCallDeps {
  readonly backend: ElectionBackend;
  readonly timing: ElectionTiming;
  readonly nowMs: () => number;
  /** Of a call about the lock: aborted when another takes its place. */
  readonly signal: AbortSignal;
  /** Before a session is asked for again, in milliseconds; null: as after any failure. */
  readonly openPauseMs: () => number | null;
}

/** One call: what it tells when it was answered, when it failed, and what people are told then. */
export interface StoreCall {
  readonly make: () => Promise<Happening>;
  readonly failed: () => Happening;
  readonly says: (error: unknown) => string;
}

/** The call that an action stands for. */
export function storeCall(action: CallAction, deps: StoreCallDeps): StoreCall {
  switch (action.kind) {
    case 'open':
    case 'renew':
    case 'close':
      return sessionCall(action, deps);
    case 'watch':
    case 'acquire':
    case 'release':
      return lockCall(action, deps);
  }
}

function sessionCall(
  action: Extract<CallAction, { readonly kind: 'open' | 'renew' | 'close' }>,
  { backend, timing, nowMs, openPauseMs }: StoreCallDeps,
): StoreCall {
  const bounds = { timeoutMs: timing.callMs };
  const sentAtMs = nowMs();
  const { kind } = action;
  const failed = (): Happening => {
    const retryInMs = kind === 'open' ? openPauseMs() : null;
    return { kind: 'sessionCallFailed', call: kind, retryInMs };
  };
  const saying =
    (what: string): StoreCall['says'] =>
    (error) =>
      `${what}: ${describeError(error)}`;
  switch (kind) {
    case 'open':
      return {
        make: async () => ({ kind: 'opened', session: await backend.openSession(bounds), sentAtMs }),
        failed,
        says: saying('there is no session'),
      };
    case 'renew': {
      const { sessionId } = action;
      return {
        make: async () =>
          (await backend.renewSession(sessionId, bounds)) === 'gone'
            ? { kind: 'gone', sessionId }
            : { kind: 'renewed', sessionId, sentAtMs },
        failed,
        says: saying('the session could not be renewed'),
      };
    }
    case 'close':
      return {
        make: async () => {
          await backend.closeSession(action.sessionId, bounds);
          return { kind: 'closed' };
        },
        failed,
        says: saying('the session could not be ended'),
      };
  }
}

function lockCall(action: Extract<CallAction, { readonly call: number }>, deps: StoreCallDeps): StoreCall {
  const { backend, timing, nowMs } = deps;
  const bounds = { timeoutMs: timing.callMs };
  const { call } = action;
  const sentAtMs = nowMs();
  const seen = (lock: SeenLock): Happening => ({ kind: 'lockSeen', call, lock, sentAtMs });
  const make = async (): Promise<Happening> => {
    switch (action.kind) {
      case 'watch':
        return seen(await watch(action, deps, sentAtMs));
      case 'acquire': {
        const { sessionId } = action;
        const lock = await backend.acquire(sessionId, action.seen, bounds);
        return lock === 'gone' ? { kind: 'gone', sessionId } : seen(lock);
      }
      case 'release':
        await backend.release(action.sessionId, bounds);
        return { kind: 'released', call };
    }
  };
  return { make, failed: () => ({ kind: 'lockCallFailed', call }), says: describeError };
}

async function watch(
  { after, waitMs }: Extract<CallAction, { readonly kind: 'watch' }>,
  { backend, timing, nowMs, signal }: StoreCallDeps,
  sentAtMs: number,
): Promise<SeenLock> {
  const lock = await backend.watch(after, { timeoutMs: timing.callMs, waitMs, signal });
  // A store that answers at once although nothing changed must not be asked without end.
  const isHasty = lock.cursor === after?.cursor && nowMs() - sentAtMs < waitMs / 2;
  if (isHasty) await pause(timing.retryMs, signal);
  return lock;
}
