import type { Secret } from '../../core/secret.ts';
import type { Caller } from './caller.ts';

/** One contender's life. The store knows nothing of it until it leads. */
export interface Session {
  readonly id: string;
  /** When the last renewal that succeeded was sent (at first: when it was opened), by the client's clock. */
  provenMs: number;
  /** Resolves when an attempt to take the lock has ended, whatever came of it; null: none is under way. */
  taking: Promise<void> | null;
  /** What it leads by; null: it does not. */
  office: WriterOffice | null;
  /** The one write of the expiration that is under way. */
  writing: Promise<unknown> | null;
  hasEnded: boolean;
}

/** The writer of a term, who leads. */
export interface WriterOffice {
  /** `host/conjur/vault-synchronizer/leader/writer-…`. */
  readonly login: string;
  readonly apiKey: Secret<string>;
  readonly caller: Caller;
}

export function openedSession(id: string, nowMs: number): Session {
  return { id, provenMs: nowMs, taking: null, office: null, writing: null, hasEnded: false };
}

/** Resolves when nothing of this session is under way. */
export async function idle(contender: Session): Promise<void> {
  while (contender.taking !== null || contender.writing !== null) {
    await contender.taking;
    await contender.writing?.catch(() => undefined);
  }
}
