/** What leading means to whoever takes part: called one after the other, never both at once. */
export interface Office {
  readonly elected: (term: Term) => void;
  /** Resolves when the task has stopped and nothing says any more that it leads. It must come to an end in time. */
  readonly deposed: (because: string) => Promise<void>;
}

/** One time of leading. */
export interface Term {
  readonly token: string;
  readonly sessionId: string;
  /** Looks at the clock: false from the moment authority ends, also when nobody has been told yet. */
  readonly isValid: () => boolean;
  /** Milliseconds until authority ends, as far as is proven now; 0 when it has ended. */
  readonly leftMs: () => number;
}
