/**
 * What an election needs of the store that it is held in. Consul, etcd and a memory double keep the same contract
 * (`src/elector/testing/backend-contract.ts`); the decisions are in `step.ts`.
 *
 * A *session* is one contender's life in the store: it must be renewed, and when it ends, its lock is free. A protocol
 * without sessions (a leader writes until when it leads, and whoever comes after that moment may contest) fits, too: its
 * adapter makes up the identity, keeps it to itself, and writes the new end when it is renewed.
 *
 * How calls fail: they reject with a Problem. Nothing is known then: the call may have been carried out, or may still be.
 * So `acquire` is bound to what was seen, and every other call can be made again.
 */
export interface ElectionBackend {
  /** Opens a session that the store ends when it was not renewed for its TTL. One that nobody uses ends by itself. */
  readonly openSession: (options: CallOptions) => Promise<OpenedSession>;

  /** `gone`: it has ended, and no call brings it back. */
  readonly renewSession: (sessionId: string, options: CallOptions) => Promise<'renewed' | 'gone'>;

  /** Ends a session, and with it its lock. One that is gone already is no error. */
  readonly closeSession: (sessionId: string, options: CallOptions) => Promise<void>;

  /**
   * Takes the lock if it still is exactly as `seen`, in one step, however late the call arrives; then tells how it stands.
   * It may stay free (Consul's lock-delay). `gone`: the session has ended.
   */
  readonly acquire: (sessionId: string, seen: SeenLock, options: CallOptions) => Promise<SeenLock | 'gone'>;

  /** Gives the lock up in good order. If the session does not hold it, nothing changes. */
  readonly release: (sessionId: string, options: CallOptions) => Promise<void>;

  /**
   * How the lock stands now. With `after`: once it is no longer as it was then, or after `waitMs`, whichever comes first.
   * Linearizable: the answer is true of some moment after the call.
   */
  readonly watch: (after: SeenLock | null, options: WatchOptions) => Promise<SeenLock>;

  /**
   * How many answers of the store there have been. A call during which there was none was answered at this end, and says nothing of the
   * store. Left out where each call asks it.
   */
  readonly answers?: () => number;

  /** Gives up what is under way, and ends every connection. */
  readonly close: () => void;
}

export interface CallOptions {
  /** Milliseconds from the call until it fails, at the latest. */
  readonly timeoutMs: number;
}

export interface WatchOptions extends CallOptions {
  /** Counts in addition to `timeoutMs`. */
  readonly waitMs: number;
  readonly signal: CancelSignal;
}

/** The part of the platform's AbortSignal that a port may know. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly addEventListener: (type: 'abort', listener: () => void) => void;
  readonly removeEventListener: (type: 'abort', listener: () => void) => void;
}

export interface OpenedSession {
  readonly id: string;
  /** What the store granted; it may be longer than what was asked for. */
  readonly ttlMs: number;
}

/** The lock, as it was at one moment. */
export interface SeenLock {
  /** The session that holds it; null: it is free. */
  readonly holder: string | null;
  /** The fencing token of who holds it, or of who did so last. It grows each time that the lock is taken. */
  readonly token: string;
  /**
   * Free, but not by a release or by the end of a session: nobody has held it since it was made. Perhaps there was another
   * before it, whose leader does not know yet that it was deleted: so others wait until that cannot lead any more. A store
   * that remembers that there was none before may say false.
   */
  readonly isUnsettled: boolean;
  /** Changes whenever anything about the lock does. */
  readonly cursor: string;
}
