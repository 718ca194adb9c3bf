import type { AuditRecord } from './audit-record.ts';

/**
 * A record as one text: the same for the record that was written and for the row that is read back, whatever a database does to
 * the order of names. No two records have the same. It is the canonical JSON (RFC 8785) of a list of the fields.
 */
export function canonicalText(record: AuditRecord): string {
  const { facility, severity, timestamp, appname, procid, msgid, sdata, message, also } = record;
  const names = [facility, severity, timestamp, appname, procid, msgid] as const;
  const more =
    also === undefined ? null : { after: also.after, before: also.before, resources: also.resources };
  const data = elementsInOrder(sdata);
  if (data !== null) return JSON.stringify([...names, data, message, more]);
  const list = JSON.stringify([...names, message, more]);
  // Its place is behind the names, which are a list of their own without its bracket.
  const head = JSON.stringify(names).length - 1;
  return `${list.slice(0, head)},${writtenOut(sdata)}${list.slice(head)}`;
}

/** Whether names come in the order of canonical JSON, which is that of their code units. */
export function isInOrder(named: Readonly<Record<string, unknown>>): boolean {
  let before = '';
  for (const name of Object.keys(named)) {
    if (name < before) return false;
    before = name;
  }
  return true;
}

type Named<T> = Readonly<Record<string, T>>;

/** Structured data whose names come in order; null: an object cannot have them so. */
function elementsInOrder(sdata: AuditRecord['sdata']): AuditRecord['sdata'] | null {
  const elements: Record<string, Named<string>> = {};
  for (const id of Object.keys(sdata).sort()) {
    const fields = inOrder(sdata[id] ?? {});
    if (fields === null || hasOwnPlace(id)) return null;
    elements[id] = fields;
  }
  return elements;
}

function inOrder<T>(named: Named<T>): Named<T> | null {
  if (isInOrder(named)) return named;
  const ordered: Record<string, T> = {};
  for (const name of Object.keys(named).sort()) {
    const value = named[name];
    if (hasOwnPlace(name) || value === undefined) return null;
    ordered[name] = value;
  }
  return ordered;
}

/** Whole numbers come first in an object, wherever they were put; and one name is not for values. */
function hasOwnPlace(name: string): boolean {
  return name === '__proto__' || /^\d+$/.test(name);
}

function writtenOut(sdata: AuditRecord['sdata']): string {
  const elements = entriesOf(sdata).map(([id, fields]) => {
    const values = entriesOf(fields).map(
      ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
    );
    return `${JSON.stringify(id)}:{${values.join(',')}}`;
  });
  return `{${elements.join(',')}}`;
}

function entriesOf<T>(named: Named<T>): readonly (readonly [string, T])[] {
  return Object.entries(named).sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
}
