import type { SeenLock } from './backend.ts';

/** What to do now. Every call ends in exactly one event; `deposed` is told when `depose` is done. */
export type ElectionAction =
  | { readonly kind: 'open' }
  | { readonly kind: 'renew'; readonly sessionId: string }
  | { readonly kind: 'close'; readonly sessionId: string }
  /** A new lock call takes the place of the one under way, which is given up. */
  | {
      readonly kind: 'watch';
      readonly call: number;
      readonly after: SeenLock | null;
      readonly waitMs: number;
    }
  | { readonly kind: 'acquire'; readonly call: number; readonly sessionId: string; readonly seen: SeenLock }
  | { readonly kind: 'release'; readonly call: number; readonly sessionId: string }
  | { readonly kind: 'lead'; readonly token: string; readonly sessionId: string; readonly because: string }
  | { readonly kind: 'depose'; readonly because: string }
  | { readonly kind: 'finish' };
