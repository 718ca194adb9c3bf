import { type Clock, elapsedForHolder, type Instant, isPast } from '../../core/clock.ts';
import type { PeerAddress, ServingRole, ServingState, WriteGate } from '../../core/serving.ts';

/** What the node is at this instant, as far as this worker may claim. */
export interface ServingView {
  /** `starting` too when the agent has been silent for too long, or a master's authority has run out. */
  readonly role: ServingRole;
  readonly term: number;
  readonly writes: WriteGate;
  readonly successor: PeerAddress | null;
  /** Of a follower: the ways to whoever takes its writes, the best first. */
  readonly master: readonly PeerAddress[];
  readonly because: string;
  /** The state this comes from; null before the first one, and when it is too old. */
  readonly state: ServingState | null;
}

/** Holds the newest `ServingState` and the number of writes under way. */
export class Serving {
  readonly #clock: Clock;
  #state: ServingState | null = null;
  #writesUnderWay = 0;
  #successorSince: number | null = null;
  readonly #changed = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get writesUnderWay(): number {
    return this.#writesUnderWay;
  }

  /** Takes a state from the agent; one that was sent before the state at hand is passed over. */
  obey(state: ServingState): void {
    if (this.#state !== null && state.sentAt.mono < this.#state.sentAt.mono) return;
    this.#state = state;
    this.#successorSince = state.successor === null ? null : (this.#successorSince ?? this.#clock.now().mono);
    this.#announce();
  }

  /** For how many milliseconds requests have been passed on to a successor that serves; null: there is none. */
  get passingOnForMs(): number | null {
    return this.#successorSince === null ? null : this.#clock.now().mono - this.#successorSince;
  }

  /** How old the data of this node may be, in milliseconds; null: that is not known. */
  get dataAgeMs(): number | null {
    return this.ageOf(this.#state?.data.asOf ?? null);
  }

  /** Milliseconds since `asOf`; null: it is not known. */
  ageOf(asOf: Instant | null): number | null {
    return asOf === null ? null : elapsedForHolder(asOf, this.#clock.now());
  }

  view(): ServingView {
    const state = this.#state;
    const now = this.#clock.now();
    if (state === null) return unserved(null, 'the node is starting');
    if (elapsedForHolder(state.sentAt, now) > state.validForMs) {
      return unserved(null, 'the agent of this node has been silent for too long');
    }
    if (state.role === 'master' && lacksAuthority(state, now)) {
      return { ...unserved(state, 'the authority of this master has run out'), successor: state.successor };
    }
    const { role, term, writes, successor, master, because } = state;
    return { role, term, writes, successor, master, because, state };
  }

  /**
   * Whether a master of `term` may still let answers out. A hand-over that has begun does not matter to what was let in
   * before.
   */
  mayAnswer(term: number): boolean {
    const state = this.#state;
    const now = this.#clock.now();
    if (state === null || state.term !== term || elapsedForHolder(state.sentAt, now) > state.validForMs)
      return false;
    return !lacksAuthority(state, now);
  }

  /** Counts a write that is about to begin; call the answer when it has ended. */
  beginWrite(): () => void {
    this.#writesUnderWay += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#writesUnderWay -= 1;
      if (this.#writesUnderWay === 0) this.#announce();
    };
  }

  /** Calls `listener` after each new state and when the last write has ended, until the answer is called. */
  onChange(listener: () => void): () => void {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  }

  /** Resolves at the next change, or after `ms`. */
  async nextChange(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = setTimeout(done, ms);
      const stop = this.onChange(done);
    });
  }

  #announce(): void {
    for (const listener of [...this.#changed]) listener();
  }
}

function lacksAuthority(state: ServingState, now: Instant): boolean {
  return state.authorityUntil === null || isPast(state.authorityUntil, now);
}

function unserved(state: ServingState | null, because: string): ServingView {
  return {
    role: 'starting',
    term: state?.term ?? 0,
    writes: state?.writes ?? 'closed',
    successor: null,
    master: [],
    because,
    state,
  };
}
