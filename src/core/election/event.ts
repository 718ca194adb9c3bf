import type { OpenedSession, SeenLock } from './backend.ts';

/** What happened. Each carries the moment it was taken note of, on the contender's own clock. */
export type ElectionEvent = { readonly nowMs: number } & (
  | { readonly kind: 'tick' }
  | { readonly kind: 'opened'; readonly session: OpenedSession; readonly sentAtMs: number }
  | { readonly kind: 'renewed'; readonly sessionId: string; readonly sentAtMs: number }
  | { readonly kind: 'gone'; readonly sessionId: string }
  | { readonly kind: 'closed' }
  | {
      readonly kind: 'sessionCallFailed';
      readonly call: 'open' | 'renew' | 'close';
      /** Null: as after any failure. */
      readonly retryInMs: number | null;
    }
  | {
      readonly kind: 'lockSeen';
      readonly call: number;
      readonly lock: SeenLock;
      readonly sentAtMs: number;
    }
  | { readonly kind: 'released'; readonly call: number }
  | { readonly kind: 'lockCallFailed'; readonly call: number }
  /** The task was told and has stopped, the tag is off. */
  | { readonly kind: 'deposed' }
  | { readonly kind: 'fitness'; readonly unfitBecause: string | null }
  | { readonly kind: 'stepDown' }
  | { readonly kind: 'stop' }
);
