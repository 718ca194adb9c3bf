import type { ElectionBackend } from '../core/election/backend.ts';
import type { ElectionTiming } from '../core/election/timing.ts';
import type { ElectorLog } from './log.ts';
import type { Patience } from './patience.ts';
import { type CallAction, type Happening, storeCall } from './store-call.ts';
import { createStreaks } from './streaks.ts';

export interface StoreCallerDeps {
  readonly backend: ElectionBackend;
  readonly timing: ElectionTiming;
  readonly nowMs: () => number;
  readonly log: ElectorLog;
  readonly patience: Patience;
  readonly happens: (event: Happening) => void;
  /** What failed once all is over is nobody's business. */
  readonly isDone: () => boolean;
  /** A failure that ends the run. */
  readonly hopeless: (error: unknown) => void;
  readonly called: (kind: CallAction['kind'], hasFailed: boolean) => void;
}

/** Makes the calls of one contender, and tells how each ended. */
export interface StoreCaller {
  readonly make: (action: CallAction) => void;
  /** Gives up the call about the lock that is under way. */
  readonly giveUpLockCall: () => void;
}

export function createStoreCaller(deps: StoreCallerDeps): StoreCaller {
  const { backend, timing, nowMs, patience, happens } = deps;
  const streaks = createStreaks(deps.log);
  let lockCall = new AbortController();

  const giveUpLockCall = (): void => {
    lockCall.abort();
    lockCall = new AbortController();
  };

  const call = async (action: CallAction): Promise<void> => {
    const { signal } = lockCall;
    const openPauseMs = (): number | null => patience.pauseMs();
    const { make, failed, says } = storeCall(action, { backend, timing, nowMs, signal, openPauseMs });
    const answersBefore = backend.answers?.() ?? 0;
    let event: Happening;
    try {
      event = await make();
    } catch (error) {
      deps.called(action.kind, true);
      if (deps.isDone()) return;
      const isGivenUp = 'call' in action && signal.aborted;
      const isHopeless = !isGivenUp && patience.failed(action.kind, error);
      // What the run ends of is told once, by whoever started it.
      if (!isGivenUp && !isHopeless) streaks.failed(action.kind, says(error));
      happens(failed());
      if (isHopeless) deps.hopeless(error);
      return;
    }
    deps.called(action.kind, false);
    streaks.succeeded(action.kind, (backend.answers?.() ?? Infinity) > answersBefore);
    patience.succeeded(action.kind);
    happens(event);
  };

  return {
    giveUpLockCall,
    make: (action) => {
      if ('call' in action) giveUpLockCall();
      void call(action);
    },
  };
}
