import type { EventQueue } from '../../failover/testing/event-queue.ts';
import type { Random } from '../../random.ts';
import type { SeenLock } from '../backend.ts';
import { fencingToken } from '../fencing-token.ts';

interface ModelSession {
  readonly id: string;
  readonly ttlMs: number;
  /** Which of its ends counts: an older one was put off by a renewal. */
  epoch: number;
}

interface ModelKey {
  readonly createIndex: number;
  modifyIndex: number;
  lockIndex: number;
  session: string | null;
}

/**
 * A store that behaves as Consul does towards an election: a session ends between its TTL and twice that after its last
 * renewal, a lock-delay follows a lock that was lost by it, the count of locks begins anew with the key.
 */
export class ModelStore {
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #lockDelayMs: number;
  readonly #sessions = new Map<string, ModelSession>();
  readonly #listeners = new Set<() => void>();
  #key: ModelKey | null = null;
  #index = 10;
  #sessionCount = 0;
  #lockedUntil = -Infinity;

  constructor(queue: EventQueue, random: Random, lockDelayMs: number) {
    this.#queue = queue;
    this.#random = random;
    this.#lockDelayMs = lockDelayMs;
  }

  open(ttlMs: number): { readonly id: string; readonly ttlMs: number } {
    this.#sessionCount += 1;
    const session = { id: `s${this.#sessionCount}`, ttlMs, epoch: 0 };
    this.#sessions.set(session.id, session);
    this.#putOffEnd(session);
    return { id: session.id, ttlMs };
  }

  renew(id: string): 'renewed' | 'gone' {
    const session = this.#sessions.get(id);
    if (session === undefined) return 'gone';
    this.#putOffEnd(session);
    return 'renewed';
  }

  /** Ends a session: by its own wish, or by an administrator's. */
  destroy(id: string): void {
    if (!this.#sessions.delete(id)) return;
    const key = this.#key;
    if (key?.session !== id) return;
    this.#lockedUntil = this.#queue.now + this.#lockDelayMs;
    this.#change(key, null);
  }

  acquire(id: string, seen: SeenLock): SeenLock | 'gone' {
    if (!this.#sessions.has(id)) return 'gone';
    const key = this.#made();
    const isFree = key.session === null && this.#queue.now >= this.#lockedUntil;
    if (isFree && String(key.modifyIndex) === seen.cursor) {
      key.lockIndex += 1;
      this.#change(key, id);
    }
    return this.look();
  }

  release(id: string): void {
    if (this.#key?.session === id) this.#change(this.#key, null);
  }

  look(): SeenLock {
    const { createIndex, modifyIndex, lockIndex, session } = this.#made();
    return {
      holder: session,
      token: fencingToken(createIndex, lockIndex),
      isUnsettled: session === null && lockIndex === 0,
      cursor: String(modifyIndex),
    };
  }

  /** What a stranger does: nobody's lock-delay counts. */
  deleteKey(): void {
    this.#key = null;
    this.#nextIndex();
    this.#ring();
  }

  /** What a stranger does: the lock stays whose it was. */
  overwriteKey(): void {
    const key = this.#made();
    this.#change(key, key.session);
  }

  get holder(): string | null {
    return this.#key?.session ?? null;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #made(): ModelKey {
    if (this.#key === null) {
      const index = this.#nextIndex();
      this.#key = { createIndex: index, modifyIndex: index, lockIndex: 0, session: null };
    }
    return this.#key;
  }

  #change(key: ModelKey, session: string | null): void {
    key.session = session;
    key.modifyIndex = this.#nextIndex();
    this.#ring();
  }

  #ring(): void {
    for (const listener of this.#listeners) listener();
  }

  #nextIndex(): number {
    this.#index += 1;
    return this.#index;
  }

  #putOffEnd(session: ModelSession): void {
    session.epoch += 1;
    const { epoch } = session;
    this.#queue.after(session.ttlMs + this.#random.below(session.ttlMs), () => {
      if (this.#sessions.get(session.id)?.epoch === epoch) this.destroy(session.id);
    });
  }
}
