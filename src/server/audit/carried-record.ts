import type { AuditRecord } from '../../core/audit/audit-record.ts';
import { canonicalText, isInOrder } from '../../core/audit/canonical.ts';
import type { CarriedRecord } from '../../core/audit/pushed.ts';
import { messageRow } from '../../store/audit-intake.ts';

/** There is no year 0 in PostgreSQL. */
const instant =
  /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
/** NUL, or half a surrogate pair, behind a backslash that no other backslash takes away. PostgreSQL stores neither. */
const unsound = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/;
/** RFC 5424, 6.2.1. */
const facilityMost = 23;
const severityMost = 7;

/**
 * Reads the canonical text of a record. One that is not the very text which its record has is not taken: the row would not
 * have the hash that is stored with it.
 *
 * @returns null when it is none
 */
export function readCarried(text: string): CarriedRecord | null {
  const fields = parsed(text);
  if (fields === null || fields.length !== 9 || (text.includes('\\u') && unsound.test(text))) return null;
  const [facility, severity, timestamp, appname, procid, msgid, sdata, message, also] = fields;
  if (!isCode(facility, facilityMost) || !isCode(severity, severityMost) || !isInstant(timestamp))
    return null;
  if (!isText(appname) || !isText(procid) || !isText(msgid) || !isText(message)) return null;
  if (!isSdata(sdata) || !(also === null || isAlso(also))) return null;
  const written = { facility, severity, timestamp, appname, procid, msgid, message };
  const isCanonical =
    also === null && isInOrder(sdata) && Object.values(sdata).every(isInOrder)
      ? JSON.stringify(fields) === text // almost all
      : canonicalText({ ...written, sdata, ...(also === null ? {} : { also }) }) === text;
  return isCanonical ? { text, row: messageRow(written, sdata, also) } : null;
}

function parsed(text: string): readonly unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function isCode(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** ISO 8601, in UTC and milliseconds. */
export function isInstant(value: unknown): value is string {
  if (!isText(value) || !instant.test(value)) return false;
  return value.slice(8, 10) <= '28' || isDay(value); // there is no 30th of February
}

function isSdata(value: unknown): value is AuditRecord['sdata'] {
  return isObject(value) && Object.values(value).every(areTexts);
}

function areTexts(value: unknown): boolean {
  return isObject(value) && Object.values(value).every(isText);
}

function isAlso(value: unknown): value is NonNullable<AuditRecord['also']> {
  if (!isObject(value)) return false;
  const { resources, before, after } = value;
  return isText(before) && isText(after) && Array.isArray(resources) && resources.every(isText);
}

/** What JSON.parse has made has fields of its own alone. */
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDay(instantText: string): boolean {
  const ms = Date.parse(instantText);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === instantText;
}
