/**
 * Positions in PostgreSQL's write-ahead log (manual, "pg_lsn Type"): a count of bytes since the start of the log, 64 bits
 * wide, therefore a bigint. The text form, `16/B374D848`, is for JSON, SQL and people.
 */
export type Lsn = bigint;

const lsnPattern = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;

/** The position that `text` (`16/B374D848`) names, or null when it is none. */
export function parseLsn(text: string): Lsn | null {
  const [, high, low] = lsnPattern.exec(text) ?? [];
  if (high === undefined || low === undefined) return null;
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** As PostgreSQL prints it. */
export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}

/** Negative, 0 or positive, for sorting. */
export function compareLsn(a: Lsn, b: Lsn): number {
  return a < b ? -1 : Number(a > b);
}

/** The larger of the positions that are known; null when none is. */
export function furthest(...positions: readonly (Lsn | null)[]): Lsn | null {
  return positions.reduce<Lsn | null>(
    (best, lsn) => (lsn === null || (best !== null && best >= lsn) ? best : lsn),
    null,
  );
}
