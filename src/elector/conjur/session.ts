import type { Problem } from '../../core/problem.ts';
import type { Secret } from '../../core/secret.ts';
import type { Caller } from './caller.ts';

/** One contender's life. The store knows nothing of it until it leads. */
export interface Session {
  readonly id: string;
  /**
   * When what proves this session was sent, by the client's clock: the last renewal that succeeded, or the load that won. At first:
   * when it was opened.
   */
  provenMs: number;
  /** An attempt to take the lock is under way. */
  isTaking: boolean;
  /** What it leads by; null: it does not. */
  office: WriterOffice | null;
  /** A renewal that nobody answered may still arrive: until then no other is sent, or the older might come last. */
  doubtUntilMs: number;
  /** Resolves when what was begun last has ended, whatever came of it. */
  last: Promise<unknown>;
  hasEnded: boolean;
  /** Of what it leads by, which ended it; null: nothing has been refused. */
  refusal: Problem | null;
}

/** The writer of a term, who leads. */
export interface WriterOffice {
  /** `host/conjur/vault-synchronizer/leader/writer-…`. */
  readonly login: string;
  readonly apiKey: Secret<string>;
  readonly caller: Caller;
}

export function openedSession(id: string, nowMs: number): Session {
  return {
    id,
    provenMs: nowMs,
    isTaking: false,
    office: null,
    doubtUntilMs: nowMs,
    last: Promise.resolve(),
    hasEnded: false,
    refusal: null,
  };
}

/** Does `work` when all that was begun for this session has ended: one thing at a time, in the order of asking. */
export async function inTurn<T>(contender: Session, work: () => Promise<T>): Promise<T> {
  const mine = contender.last.then(work);
  contender.last = mine.catch(() => undefined);
  return mine;
}
