import type { ElectionBackend } from '../../core/election/backend.ts';
import { electionTiming, renewalBoundMs } from '../../core/election/timing.ts';
import { Problem } from '../../core/problem.ts';
import { createElectionClock } from '../clock.ts';
import type { ElectorLog } from '../log.ts';
import { createPatience } from '../patience.ts';
import { type ElectionRun, runElection, type Term } from '../runner.ts';
import { within } from '../within.ts';

/** One time of leading. */
export interface Leadership {
  /** Aborted when leading ends, in time before anybody else can lead; its reason is a sentence. */
  readonly signal: AbortSignal;
  /**
   * Grows with each leader: give it to whatever you write to, and let that refuse smaller ones. It is what protects you
   * when this process, or its clock, stands still.
   */
  readonly token: string;
  /** Looks at the clock: false from the moment that authority ends, also when the signal had no chance to fire yet. */
  readonly isValid: () => boolean;
  /** Milliseconds until authority ends, as far as is proven now; 0 when it has ended. */
  readonly leftMs: () => number;
  /** Gives leading up, and leaves the lock to others for a TTL. */
  readonly stepDown: () => void;
}

export interface CampaignOptions {
  /** Where the election is held. The campaign closes it. */
  readonly backend: ElectionBackend;
  /** The TTL of the session in milliseconds, as the backend was told; the same for all contenders. */
  readonly ttlMs: number;
  /** Between two renewals, in milliseconds; a third of the TTL unless told. */
  readonly renewEveryMs?: number;
  /** How long `lead` may take to end after its signal, in milliseconds; 1000 unless told. Authority ends so much earlier. */
  readonly stopWithinMs?: number;
  /** Called each time that leading begins. When it returns, the campaign is over, and the lock free. */
  readonly lead: (leadership: Leadership) => Promise<void> | void;
  /** Ends the campaign: leading ends first, then the lock is released. */
  readonly signal?: AbortSignal;
  /** Where it says what it does; nowhere unless told. */
  readonly log?: ElectorLog;
}

const silent: ElectorLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * Takes part in an election until `lead` returns, or until the signal. A store that cannot be reached is waited for.
 *
 * @throws Problem `argument_invalid` when the durations leave no room; what the store refuses for good; what `lead` threw
 */
export async function campaign(options: CampaignOptions): Promise<void> {
  const {
    backend,
    ttlMs,
    renewEveryMs = ttlMs / 3,
    stopWithinMs = 1000,
    lead,
    signal,
    log = silent,
  } = options;
  const timing = electionTiming(ttlMs, renewEveryMs, stopWithinMs);
  const boundMs = renewalBoundMs(ttlMs, timing);
  if (boundMs !== null) {
    throw new Problem(
      'argument_invalid',
      `renewEveryMs: ${renewEveryMs} leaves no room below a ttlMs of ${ttlMs} with stopWithinMs ${stopWithinMs}. It must be below ${boundMs}.`,
    );
  }
  let leading: { readonly over: AbortController; readonly ended: Promise<void> } | null = null;
  let failure: { readonly error: unknown } | null = null;
  const begin = (term: Term, run: () => ElectionRun): void => {
    const over = new AbortController();
    const ended = (async () => {
      try {
        const { token, isValid, leftMs } = term;
        await lead({ signal: over.signal, token, isValid, leftMs, stepDown: () => run().stepDown() });
      } catch (error) {
        // Whoever is told to stop may say so by throwing.
        if (!over.signal.aborted) failure = { error };
      }
      if (!over.signal.aborted) run().stop();
    })();
    leading = { over, ended };
  };
  const run: ElectionRun = runElection({
    backend,
    timing,
    log,
    nowMs: createElectionClock(),
    patience: createPatience(),
    office: {
      elected: (term) => begin(term, () => run),
      deposed: async (because) => {
        const ending = leading;
        leading = null;
        ending?.over.abort(new Error(`leading has ended: ${because}`));
        await within(ending?.ended ?? Promise.resolve(), stopWithinMs);
      },
    },
  });
  const stop = (): void => run.stop();
  if (signal?.aborted === true) stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await run.done;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  throwIf(failure);
}

function throwIf(failure: { readonly error: unknown } | null): void {
  if (failure !== null) throw failure.error;
}
