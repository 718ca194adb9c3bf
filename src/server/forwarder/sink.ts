import type { ForwardedRow } from '../../core/audit/forward-lines.ts';

/** Takes records for a target. */
export interface Sink {
  /**
   * Resolves once the target has them all, as far as its kind can tell.
   *
   * @throws when it does not, or may not, have them: they are sent again
   */
  readonly deliver: (rows: readonly ForwardedRow[], signal: AbortSignal) => Promise<void>;
  readonly end: () => Promise<void>;
}
