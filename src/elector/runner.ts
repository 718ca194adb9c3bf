import type { ElectionAction } from '../core/election/action.ts';
import { authorityUntilMs } from '../core/election/authority.ts';
import type { ElectionBackend } from '../core/election/backend.ts';
import { type ElectionState, initialState } from '../core/election/state.ts';
import { step } from '../core/election/step.ts';
import type { ElectionTiming } from '../core/election/timing.ts';
import { describeError } from '../core/problem.ts';
import type { ElectorLog } from './log.ts';
import { createPatience, type Patience } from './patience.ts';
import { type CallAction, type Happening, storeCall } from './store-call.ts';
import { createStreaks } from './streaks.ts';

/** What leading means to whoever takes part: called one after the other, never both at once. */
export interface Office {
  readonly elected: (term: Term) => void;
  /** Resolves when the task has stopped and nothing says any more that it leads. It must come to an end in time. */
  readonly deposed: (because: string) => Promise<void>;
}

export interface Term {
  readonly token: string;
  readonly sessionId: string;
  /** Looks at the clock: false from the moment authority ends, also when nobody has been told yet. */
  readonly isValid: () => boolean;
  /** Milliseconds until authority ends, as far as is proven now; 0 when it has ended. */
  readonly leftMs: () => number;
}

export interface RunnerDeps {
  readonly backend: ElectionBackend;
  readonly timing: ElectionTiming;
  readonly office: Office;
  readonly log: ElectorLog;
  readonly nowMs: () => number;
  /** Which failures end the run. */
  readonly patience?: Patience;
  readonly onSession?: (sessionId: string | null) => void;
  /** Authority was extended: it lasts so long from now on. */
  readonly onExtended?: (leftMs: number) => void;
  readonly onCall?: (kind: ElectionAction['kind'], hasFailed: boolean) => void;
}

export interface Standing {
  readonly isLeading: boolean;
  readonly token: string | null;
  readonly sessionId: string | null;
  /** Of whoever leads, as last seen. */
  readonly holder: string | null;
  /** Until authority ends; 0 when it does not lead. */
  readonly authorityLeftMs: number;
  readonly unfitBecause: string | null;
}

/** One contender at work. */
export interface ElectionRun {
  /** Resolves when it has stopped; rejects with why it could not begin. */
  readonly done: Promise<void>;
  readonly stop: () => void;
  readonly stepDown: () => void;
  readonly setFitness: (unfitBecause: string | null) => void;
  readonly standing: () => Standing;
}

/** The longest time that a timer of Node takes. */
const longestTimerMs = 2 ** 31 - 1;

/** Takes part in an election: does what `step` says, and tells it what came of it. */
export function runElection(deps: RunnerDeps): ElectionRun {
  const { backend, timing, office, log, nowMs, patience = createPatience() } = deps;
  const streaks = createStreaks(log);
  let state = initialState(nowMs());
  let timer: NodeJS.Timeout | undefined;
  let lockCall = new AbortController();
  let hopeless: { readonly error: unknown } | null = null;
  let settle: { readonly done: () => void; readonly fail: (error: unknown) => void };
  const done = new Promise<void>((resolve, reject) => {
    settle = { done: resolve, fail: reject };
  });

  const happens = (event: Happening): void => {
    if (state.isDone) return;
    const before = state;
    const result = step(before, { ...event, nowMs: nowMs() }, timing);
    state = result.state;
    for (const because of result.because) log.debug(because);
    tellChanges(before);
    for (const action of result.actions) perform(action);
    // An action may have told something at once: then what came of that has set the timer.
    if (!state.isDone && state === result.state) wakeAt(result.wakeAtMs);
  };

  const tellChanges = (before: ElectionState): void => {
    const session = state.session?.id ?? null;
    if (session !== (before.session?.id ?? null)) deps.onSession?.(session);
    const [earlier, until] = [authorityUntilMs(before, timing), authorityUntilMs(state, timing)];
    if (until !== null && earlier !== null && until > earlier) deps.onExtended?.(until - nowMs());
  };

  const wakeAt = (atMs: number): void => {
    clearTimeout(timer);
    if (atMs === Infinity) return;
    const inMs = Math.min(longestTimerMs, Math.max(1, Math.ceil(atMs - nowMs())));
    timer = setTimeout(() => happens({ kind: 'tick' }), inMs);
  };

  const perform = (action: ElectionAction): void => {
    switch (action.kind) {
      case 'open':
      case 'renew':
      case 'close':
        void call(action);
        return;
      case 'watch':
      case 'acquire':
      case 'askElders':
      case 'release':
        lockCall.abort();
        lockCall = new AbortController();
        void call(action);
        return;
      case 'lead': {
        const { token, sessionId } = action;
        log.info(`leads, by token ${token} and session ${sessionId}.`);
        const left = (): number => leftMs(token);
        office.elected({ token, sessionId, isValid: () => left() > 0, leftMs: left });
        return;
      }
      case 'depose':
        void depose(action.because);
        return;
      case 'finish':
        end();
        return;
    }
  };

  /** Makes one call and tells how it ended. */
  const call = async (action: CallAction): Promise<void> => {
    const { signal } = lockCall;
    const openPauseMs = (): number | null => patience.pauseMs();
    const { make, failed, says } = storeCall(action, { backend, timing, nowMs, signal, openPauseMs });
    let event: Happening;
    try {
      event = await make();
    } catch (error) {
      deps.onCall?.(action.kind, true);
      if (state.isDone) return;
      const isGivenUp = 'call' in action && signal.aborted;
      if (!isGivenUp) streaks.failed(action.kind, says(error));
      const isHopeless = !isGivenUp && patience.failed(action.kind, error);
      happens(failed());
      if (isHopeless) giveUp(error);
      return;
    }
    deps.onCall?.(action.kind, false);
    streaks.succeeded(action.kind);
    patience.succeeded(action.kind);
    happens(event);
  };

  const depose = async (because: string): Promise<void> => {
    log.info(`leads no more: ${because}.`);
    try {
      await office.deposed(because);
    } catch (error) {
      log.error(`the end of leading could not be told: ${describeError(error)}`);
    }
    happens({ kind: 'deposed' });
  };

  /** Ends in good order, so that no session is left behind. */
  const giveUp = (error: unknown): void => {
    hopeless ??= { error };
    happens({ kind: 'stop' });
  };

  const end = (): void => {
    clearTimeout(timer);
    lockCall.abort();
    backend.close();
    if (hopeless === null) settle.done();
    else settle.fail(hopeless.error);
  };

  /** Of the leadership by this token. */
  const leftMs = (token: string): number => {
    const until = authorityUntilMs(state, timing);
    const isTerm = state.office.kind === 'leading' && state.office.token === token;
    return isTerm && until !== null ? Math.max(0, until - nowMs()) : 0;
  };

  queueMicrotask(() => happens({ kind: 'tick' }));
  return {
    done,
    stop: () => happens({ kind: 'stop' }),
    stepDown: () => happens({ kind: 'stepDown' }),
    setFitness: (unfitBecause) => {
      if (unfitBecause !== state.unfitBecause) happens({ kind: 'fitness', unfitBecause });
    },
    standing: () => {
      const token = state.office.kind === 'leading' ? state.office.token : null;
      const authorityLeftMs = token === null ? 0 : leftMs(token);
      return {
        isLeading: authorityLeftMs > 0,
        token,
        sessionId: state.session?.id ?? null,
        holder: state.lock?.holder ?? null,
        authorityLeftMs,
        unfitBecause: state.unfitBecause,
      };
    },
  };
}
