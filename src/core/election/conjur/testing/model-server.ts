import type { EventQueue } from '../../../failover/testing/event-queue.ts';
import type { Random } from '../../../random.ts';

/** What a contender asks a server. `writer`: by whose token; null: by its member's own. */
export type ModelRequest =
  | { readonly kind: 'expiration' | 'leader' | 'put' }
  | { readonly kind: 'post'; readonly writer: string | null }
  | { readonly kind: 'renew'; readonly writer: string | null; readonly text: string }
  | { readonly kind: 'write'; readonly writer: string | null; readonly term: number };

export interface ModelAnswer {
  readonly status: number;
  /** Unix time in whole seconds, as a `Date` has it, in milliseconds. */
  readonly dateMs: number;
  /** The values of the expiration, the newest first. */
  readonly expirations: readonly string[];
  readonly leaderMadeMs: number | null;
  /** Of the load. */
  readonly version: number;
  /** The load made the leader's host. */
  readonly hasWon: boolean;
}

export interface ServerTraits {
  /** A write is allowed at one moment and done at a later one: what a deletion in between does not stop. */
  readonly landsLate: boolean;
  /** A broken server, for the checker to see: a PUT leaves the writers alone. */
  readonly keepsWriters: boolean;
  /** Its clock is set now and then, by up to so many milliseconds either way, as when another node becomes master. */
  readonly clockStepMs: number;
}

const busyOneIn = 15;
const mostLateMs = 2000;
const kept = 6;

/** A server with the policy of an election, and a variable that leaders write. Whatever is asked happens in one step. */
export class ModelServer {
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #traits: ServerTraits;
  readonly #expirations: string[] = [];
  readonly #writers = new Set<string>();
  #leaderMadeMs: number | null = null;
  #version = 0;
  #clockMs = 1_700_000_000_000;
  readonly onWrite: (term: number) => void;

  constructor(queue: EventQueue, random: Random, traits: ServerTraits, onWrite: (term: number) => void) {
    this.#queue = queue;
    this.#random = random;
    this.#traits = traits;
    this.onWrite = onWrite;
    this.#clockMs += random.below(1000);
  }

  stepClock(): void {
    const { clockStepMs } = this.#traits;
    this.#clockMs += this.#random.below(2 * clockStepMs + 1) - clockStepMs;
  }

  /** Does what is asked, and then answers. */
  serve(request: ModelRequest, answer: (answer: ModelAnswer) => void): void {
    const { kind } = request;
    if ((kind === 'put' || kind === 'post') && this.#random.chance(busyOneIn)) {
      answer(this.#answer(409));
      return;
    }
    switch (kind) {
      case 'expiration':
      case 'leader':
        answer(this.#answer(200));
        return;
      case 'put':
        this.#leaderMadeMs = null;
        if (!this.#traits.keepsWriters) this.#writers.clear();
        this.#version += 1;
        answer(this.#answer(201));
        return;
      case 'post': {
        const hasWon = this.#leaderMadeMs === null;
        this.#version += 1;
        this.#leaderMadeMs ??= this.#nowMs();
        if (request.writer !== null) this.#writers.add(request.writer);
        answer({ ...this.#answer(201), hasWon });
        return;
      }
      case 'renew':
        this.#authorised(request.writer, answer, () => {
          this.#expirations.unshift(request.text);
          this.#expirations.length = Math.min(kept, this.#expirations.length);
        });
        return;
      case 'write':
        this.#authorised(request.writer, answer, () => this.onWrite(request.term));
    }
  }

  #authorised(writer: string | null, answer: (answer: ModelAnswer) => void, work: () => void): void {
    if (writer !== null && !this.#writers.has(writer)) {
      answer(this.#answer(401));
      return;
    }
    const finish = (): void => {
      work();
      answer(this.#answer(201));
    };
    if (this.#traits.landsLate) this.#queue.after(this.#random.below(mostLateMs), finish);
    else finish();
  }

  #nowMs(): number {
    return this.#queue.now + this.#clockMs;
  }

  #answer(status: number): ModelAnswer {
    return {
      status,
      dateMs: Math.floor(this.#nowMs() / 1000) * 1000,
      expirations: [...this.#expirations],
      leaderMadeMs: this.#leaderMadeMs,
      version: this.#version,
      hasWon: false,
    };
  }
}
