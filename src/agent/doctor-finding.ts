/** One thing that `holdfast doctor` looked at. */
export interface Finding {
  /** What was looked at, in a word or two: `PostgreSQL`, `disk`. */
  readonly area: string;
  /** A `fault` keeps the node from working; a `warning` will, or makes it less safe. */
  readonly level: 'ok' | 'warning' | 'fault';
  readonly sentence: string;
  /** What to do about it; null where nothing is to be done. */
  readonly advice: string | null;
}

export function ok(area: string, sentence: string): Finding {
  return { area, level: 'ok', sentence, advice: null };
}

export function warning(area: string, sentence: string, advice: string): Finding {
  return { area, level: 'warning', sentence, advice };
}

export function fault(area: string, sentence: string, advice: string): Finding {
  return { area, level: 'fault', sentence, advice };
}
