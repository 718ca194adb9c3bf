/**
 * What a client knows of its server's clock: the difference of the two lies between two bounds, in milliseconds. A moment of the client's
 * monotonic clock plus `low` is surely not later than the server's time then, plus `high` surely not earlier.
 */
export interface ServerTime {
  readonly lowMs: number;
  readonly highMs: number;
  /** Of the client's clock. */
  readonly atMs: number;
}

/** An answer with a `Date` (RFC 9110, 6.6.1). Its clock has whole seconds: the server's time was in the second that it names. */
export interface DatedAnswer {
  /** Unix time. */
  readonly dateMs: number;
  /** Of the client's monotonic clock. */
  readonly sentMs: number;
  readonly receivedMs: number;
}

const dateStepMs = 1000;
/** How far two clocks drift apart. */
const driftPerMs = 0.0005;

/**
 * The bounds with one more answer. Answers in different parts of a second narrow them, down to the time that an answer takes. An answer
 * that contradicts them comes from a clock that was set, or from another server: it counts alone then.
 */
export function withAnswer(known: ServerTime | null, answer: DatedAnswer): ServerTime {
  const { dateMs, sentMs, receivedMs } = answer;
  const [low, high] = [dateMs - receivedMs, dateMs + dateStepMs - sentMs];
  if (known === null) return { lowMs: low, highMs: high, atMs: receivedMs };
  const driftMs = Math.max(0, receivedMs - known.atMs) * driftPerMs;
  const lowMs = Math.max(low, known.lowMs - driftMs);
  const highMs = Math.min(high, known.highMs + driftMs);
  return lowMs < highMs
    ? { lowMs, highMs, atMs: receivedMs }
    : { lowMs: low, highMs: high, atMs: receivedMs };
}

/** The server's time, surely not later and surely not earlier: Unix time in milliseconds. */
export interface ServerNow {
  readonly lowMs: number;
  readonly highMs: number;
}

export function serverNow({ lowMs, highMs, atMs }: ServerTime, nowMs: number): ServerNow {
  const driftMs = Math.max(0, nowMs - atMs) * driftPerMs;
  return { lowMs: nowMs + lowMs - driftMs, highMs: nowMs + highMs + driftMs };
}
