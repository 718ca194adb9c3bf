import type { AuditRecord } from './audit-record.ts';
import type { ChainId } from './chain.ts';
import { eachRecord, syslogLine } from './rfc5424.ts';

/** What a row of the trail is told with: by chain, number and part a receiver knows what it has already. */
export interface ForwardedRow {
  readonly of: ChainId;
  readonly seq: number;
  readonly record: AuditRecord;
}

/**
 * Characters that a message to a syslog server may have. Receivers are set to more; one that is longer than its receiver takes would
 * be cut apart there, and in the worst case spoil those behind it (docs/audit.md).
 */
const longMessage = 16_384;
/** Of each value of a message that is longer. */
const shortValue = 2048;

/** The messages (RFC 5424) of a row, as they are. */
export function linesOf(row: ForwardedRow): readonly string[] {
  return eachRecord(row.record).map((record, part) => lineOf(row, record, part));
}

/** The messages of a row, none longer than receivers take. */
export function messagesOf(row: ForwardedRow): readonly string[] {
  return eachRecord(row.record).map((record, part) => {
    const line = lineOf(row, record, part);
    return line.length <= longMessage ? line : lineOf(row, shortened(record), part, { shortened: 'yes' });
  });
}

function lineOf(
  { of, seq }: ForwardedRow,
  record: AuditRecord,
  part: number,
  more: Readonly<Record<string, string>> = {},
): string {
  const place = { node: of.node, chain: of.chain, seq: String(seq) };
  const ofSeveral = part === 0 ? {} : { part: String(part) };
  return syslogLine(record, {
    hostname: of.node,
    sdata: { 'holdfast@43868': { ...place, ...ofSeveral, ...more } },
  });
}

function shortened(record: AuditRecord): AuditRecord {
  const cut = (text: string): string =>
    text.length <= shortValue ? text : `${text.slice(0, shortValue).toWellFormed()}…`;
  const elements = Object.entries(record.sdata).map(([id, fields]) => {
    return [id, Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cut(value)]))];
  });
  return { ...record, sdata: Object.fromEntries(elements), message: cut(record.message) };
}
