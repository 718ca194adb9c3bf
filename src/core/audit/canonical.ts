import type { AuditRecord } from './audit-record.ts';

/**
 * A record as one text: the same for the record that was written and for the row that is read back, whatever a database does to
 * the order of names. No two records have the same.
 */
export function canonicalText(record: AuditRecord): string {
  const { facility, severity, timestamp, appname, procid, msgid, sdata, message, also } = record;
  return JSON.stringify([
    facility,
    severity,
    timestamp,
    appname,
    procid,
    msgid,
    sorted(sdata).map(([id, fields]) => [id, sorted(fields)]),
    message,
    also === undefined ? null : [also.resources, also.before, also.after],
  ]);
}

function sorted<T>(named: Readonly<Record<string, T>>): readonly (readonly [string, T])[] {
  const entries = Object.entries(named);
  return entries.length > 1 ? entries.sort(byName) : entries; // most have one name
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : Number(a > b);
}
