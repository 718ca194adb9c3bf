import type { ConjurBackend } from '../../elector/conjur/contender.ts';

export interface WhoLeadsNeeds {
  readonly leaseMs: number;
  /** Of a monotonic clock, milliseconds. */
  readonly nowMs: () => number;
  /** Somebody else leads, by that name; null: nobody does, or nobody can tell. Told when it changes. */
  readonly onOther: (name: string | null) => void;
  /** The election has not been seen for a lease. Told once in each further one. */
  readonly onBlind: () => void;
}

/**
 * Whoever watches the lock sees by whom it is held. One's own host may stand there before one knows that one has won. What was seen is
 * good for a lease: whoever led then need not lead any more.
 */
export function tellingWhoLeads(backend: ConjurBackend, needs: WhoLeadsNeeds): ConjurBackend {
  const { leaseMs, nowMs, onOther, onBlind } = needs;
  let told: string | null = null;
  /** Its session, and the one before: where that has ended, its host stands there for a while. */
  let own: readonly string[] = [];
  let seenAtMs = nowMs();
  const tell = (other: string | null): void => {
    if (other !== told) onOther(other);
    told = other;
  };
  const failed = (): void => {
    if (nowMs() - seenAtMs < leaseMs) return;
    seenAtMs = nowMs();
    tell(null);
    onBlind();
  };
  return {
    ...backend,
    openSession: async (options) => {
      const session = await backend.openSession(options);
      own = [session.id, ...own].slice(0, 2);
      return session;
    },
    watch: async (after, options) => {
      try {
        const lock = await backend.watch(after, options);
        seenAtMs = nowMs();
        tell(lock.holder === null || own.includes(lock.holder) ? null : backend.leader());
        return lock;
      } catch (error) {
        if (!options.signal.aborted) failed();
        throw error;
      }
    },
  };
}
