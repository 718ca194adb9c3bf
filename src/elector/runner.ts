import type { ElectionAction } from '../core/election/action.ts';
import { authorityUntilMs } from '../core/election/authority.ts';
import type { ElectionBackend, SeenLock } from '../core/election/backend.ts';
import type { ElectionEvent } from '../core/election/event.ts';
import { initialState } from '../core/election/state.ts';
import { step } from '../core/election/step.ts';
import type { ElectionTiming } from '../core/election/timing.ts';
import { describeError } from '../core/problem.ts';
import { pause } from '../runtime/pause.ts';
import type { ElectorLog } from './log.ts';
import { createPatience, type Patience } from './patience.ts';
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
  readonly seen: SeenLock | null;
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

type Timeless<T> = T extends unknown ? Omit<T, 'nowMs'> : never;
type Happening = Timeless<ElectionEvent>;

/** Takes part in an election: does what `step` says, and tells it what came of it. */
export function runElection(deps: RunnerDeps): ElectionRun {
  const { backend, timing, office, log, nowMs, patience = createPatience() } = deps;
  const streaks = createStreaks(log);
  let state = initialState(nowMs());
  let timer: NodeJS.Timeout | undefined;
  let lockCall = new AbortController();
  let settle: { readonly done: () => void; readonly fail: (error: unknown) => void };
  const done = new Promise<void>((resolve, reject) => {
    settle = { done: resolve, fail: reject };
  });

  let hopeless: { readonly error: unknown } | null = null;

  const end = (): void => {
    clearTimeout(timer);
    lockCall.abort();
    backend.close();
    if (hopeless === null) settle.done();
    else settle.fail(hopeless.error);
  };

  /** Ends in good order, so that no session is left behind. */
  const giveUp = (error: unknown): void => {
    hopeless ??= { error };
    happens({ kind: 'stop' });
  };

  const happens = (event: Happening): void => {
    if (state.isDone) return;
    const before = state.session?.id ?? null;
    const untilBefore = authorityUntilMs(state, timing);
    const result = step(state, { ...event, nowMs: nowMs() }, timing);
    state = result.state;
    const session = state.session?.id ?? null;
    if (session !== before) deps.onSession?.(session);
    for (const because of result.because) log.debug(because);
    for (const action of result.actions) perform(action);
    const until = authorityUntilMs(state, timing);
    if (until !== null && untilBefore !== null && until > untilBefore) deps.onExtended?.(until - nowMs());
    if (!state.isDone) wakeAt(result.wakeAtMs);
  };

  const wakeAt = (atMs: number): void => {
    clearTimeout(timer);
    if (atMs === Infinity) return;
    timer = setTimeout(() => happens({ kind: 'tick' }), Math.max(1, Math.ceil(atMs - nowMs())));
  };

  const bounds = { timeoutMs: timing.callMs };

  /** Makes one call and tells how it ended. */
  const call = async <T>(
    action: ElectionAction,
    work: () => Promise<T>,
    answered: (value: T) => Happening,
    failed: (error: unknown) => Happening,
  ): Promise<void> => {
    let event: Happening;
    let isHopeless: { readonly error: unknown } | null = null;
    try {
      event = answered(await work());
      deps.onCall?.(action.kind, false);
      streaks.succeeded(action.kind);
      patience.succeeded(action.kind);
    } catch (error) {
      deps.onCall?.(action.kind, true);
      if (state.isDone) return;
      if (patience.failed(action.kind, error)) isHopeless = { error };
      event = failed(error);
    }
    happens(event);
    if (isHopeless !== null) giveUp(isHopeless.error);
  };

  const perform = (action: ElectionAction): void => {
    const sentAtMs = nowMs();
    switch (action.kind) {
      case 'open':
        void call(
          action,
          () => backend.openSession(bounds),
          (session) => ({ kind: 'opened', session, sentAtMs }),
          (error) => {
            streaks.failed(action.kind, `there is no session: ${describeError(error)}`);
            return { kind: 'sessionCallFailed', call: 'open', retryInMs: patience.pauseMs() };
          },
        );
        return;
      case 'renew':
        void call(
          action,
          () => backend.renewSession(action.sessionId, bounds),
          (how) =>
            how === 'gone'
              ? { kind: 'gone', sessionId: action.sessionId }
              : { kind: 'renewed', sessionId: action.sessionId, sentAtMs },
          (error) => {
            streaks.failed(action.kind, `the session could not be renewed: ${describeError(error)}`);
            return { kind: 'sessionCallFailed', call: 'renew', retryInMs: null };
          },
        );
        return;
      case 'close':
        void call(
          action,
          () => backend.closeSession(action.sessionId, bounds),
          () => ({ kind: 'closed' }),
          (error) => {
            streaks.failed(action.kind, `the session could not be ended: ${describeError(error)}`);
            return { kind: 'sessionCallFailed', call: 'close', retryInMs: null };
          },
        );
        return;
      case 'watch':
      case 'acquire':
      case 'askEldest':
      case 'release':
        performOnLock(action, sentAtMs);
        return;
      case 'lead': {
        const { token, sessionId } = action;
        log.info(`leads, by token ${token} and session ${sessionId}.`);
        office.elected({ token, sessionId, isValid: () => leftMs(token) > 0, leftMs: () => leftMs(token) });
        return;
      }
      case 'depose':
        log.info(`leads no more: ${action.because}.`);
        office
          .deposed(action.because)
          .catch((error: unknown) =>
            log.error(`the end of leading could not be told: ${describeError(error)}`),
          )
          .finally(() => happens({ kind: 'deposed' }));
        return;
      case 'finish':
        end();
        return;
    }
  };

  const performOnLock = (
    action: Extract<ElectionAction, { readonly call: number }>,
    sentAtMs: number,
  ): void => {
    lockCall.abort();
    lockCall = new AbortController();
    const { signal } = lockCall;
    const { call: id } = action;
    const seen = (lock: SeenLock): Happening => ({ kind: 'lockSeen', call: id, lock, sentAtMs });
    const failed = (error: unknown): Happening => {
      if (!signal.aborted) streaks.failed(action.kind, describeError(error));
      return { kind: 'lockCallFailed', call: id };
    };
    if (action.kind === 'watch') {
      const { after, waitMs } = action;
      const watch = async (): Promise<SeenLock> => {
        const lock = await backend.watch(after, { ...bounds, waitMs, signal });
        // A store that answers at once although nothing changed must not be asked without end.
        const isHasty = lock.cursor === after?.cursor && nowMs() - sentAtMs < waitMs / 2;
        if (isHasty) await pause(timing.retryMs, signal);
        return lock;
      };
      void call(action, watch, seen, failed);
    } else if (action.kind === 'acquire') {
      const { sessionId } = action;
      const answered = (lock: SeenLock | 'gone'): Happening =>
        lock === 'gone' ? { kind: 'gone', sessionId } : seen(lock);
      void call(action, () => backend.acquire(sessionId, action.seen, bounds), answered, failed);
    } else if (action.kind === 'askEldest') {
      const told = (isEldest: boolean): Happening => ({ kind: 'eldestTold', call: id, isEldest });
      void call(action, () => backend.isEldest(action.sessionId, bounds), told, failed);
    } else {
      const released = (): Happening => ({ kind: 'released', call: id });
      void call(action, () => backend.release(action.sessionId, bounds), released, failed);
    }
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
      const until = authorityUntilMs(state, timing);
      const authorityLeftMs = until === null ? 0 : Math.max(0, until - nowMs());
      return {
        isLeading: authorityLeftMs > 0,
        token: state.office.kind === 'leading' ? state.office.token : null,
        sessionId: state.session?.id ?? null,
        holder: state.lock?.holder ?? null,
        seen: state.lock,
        authorityLeftMs,
        unfitBecause: state.unfitBecause,
      };
    },
  };
}
