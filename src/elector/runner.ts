import type { ElectionAction } from '../core/election/action.ts';
import { authorityUntilMs } from '../core/election/authority.ts';
import type { ElectionBackend } from '../core/election/backend.ts';
import type { ElectionState } from '../core/election/state.ts';
import type { ElectionTiming } from '../core/election/timing.ts';
import { describeError } from '../core/problem.ts';
import type { ElectorLog } from './log.ts';
import type { Office } from './office.ts';
import { createPatience, type Patience } from './patience.ts';
import { authorityLeftBy, type Standing, standingOf } from './standing.ts';
import { createStepLoop } from './step-loop.ts';
import { createStoreCaller } from './store-caller.ts';

export type { Office, Term } from './office.ts';
export type { Standing } from './standing.ts';

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

/** One contender at work. */
export interface ElectionRun {
  /** Resolves when it has stopped; rejects with why it could not begin. */
  readonly done: Promise<void>;
  readonly stop: () => void;
  readonly stepDown: () => void;
  readonly setFitness: (unfitBecause: string | null) => void;
  readonly standing: () => Standing;
}

/** Takes part in an election: does what `step` says, and tells it what came of it. */
export function runElection(deps: RunnerDeps): ElectionRun {
  const { backend, timing, office, log, nowMs, patience = createPatience() } = deps;
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  let failure: { readonly error: unknown } | null = null;

  const perform = (action: ElectionAction): void => {
    switch (action.kind) {
      case 'lead':
        return lead(action);
      case 'depose':
        void depose(action.because);
        return;
      case 'finish':
        return finish();
      default:
        return calls.make(action);
    }
  };

  const decided = (before: ElectionState, now: ElectionState, because: readonly string[]): void => {
    for (const sentence of because) log.debug(sentence);
    const session = now.session?.id ?? null;
    if (session !== (before.session?.id ?? null)) deps.onSession?.(session);
    const [earlier, until] = [authorityUntilMs(before, timing), authorityUntilMs(now, timing)];
    if (until !== null && earlier !== null && until > earlier) deps.onExtended?.(until - nowMs());
  };

  const loop = createStepLoop({ timing, nowMs, perform, decided });
  const { happens } = loop;
  const calls = createStoreCaller({
    backend,
    timing,
    nowMs,
    log,
    patience,
    happens,
    isDone: () => loop.state().isDone,
    hopeless: (error) => {
      failure ??= { error };
      // In good order, so that no session is left behind.
      happens({ kind: 'stop' });
    },
    called: (kind, hasFailed) => deps.onCall?.(kind, hasFailed),
  });

  const lead = ({ token, sessionId }: Extract<ElectionAction, { readonly kind: 'lead' }>): void => {
    log.info(`leads, by token ${token} and session ${sessionId}.`);
    const leftMs = (): number => authorityLeftBy(token, loop.state(), timing, nowMs());
    office.elected({ token, sessionId, isValid: () => leftMs() > 0, leftMs });
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

  const finish = (): void => {
    calls.giveUpLockCall();
    backend.close();
    if (failure === null) resolve();
    else reject(failure.error);
  };

  queueMicrotask(() => happens({ kind: 'tick' }));
  return {
    done,
    stop: () => happens({ kind: 'stop' }),
    stepDown: () => happens({ kind: 'stepDown' }),
    setFitness: (unfitBecause) => {
      if (unfitBecause !== loop.state().unfitBecause) happens({ kind: 'fitness', unfitBecause });
    },
    standing: () => standingOf(loop.state(), timing, nowMs()),
  };
}
