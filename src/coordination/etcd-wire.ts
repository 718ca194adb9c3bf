import type { StoreEntry } from '../core/coordination/cluster-store.ts';
import { Problem } from '../core/problem.ts';

// etcd's JSON gateway writes 64-bit integers as strings, bytes as base64, and leaves out every field that is zero or
// empty (protobuf's JSON mapping). So absent always reads as zero here, and what is there is checked.

export type Json = Readonly<Record<string, unknown>>;

/** An object, or `{}` where the field is absent. */
export function asObject(value: unknown, field: string): Json {
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw unreadable(field, 'is not an object');
}

/** A list, or `[]` where the field is absent. */
export function asList(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw unreadable(field, 'is not a list');
}

/** Text, or `''` where the field is absent. */
export function asText(value: unknown, field: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw unreadable(field, 'is not text');
}

/** An integer that JavaScript can hold exactly; 0 where the field is absent. */
export function asInteger(value: unknown, field: string): number {
  if (value === undefined || value === null) return 0;
  const number = typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw unreadable(field, 'is not an integer');
}

/** An id of 64 bits, kept as its decimal digits; null where it is absent or 0. */
export function asId(value: unknown, field: string): string | null {
  const digits = typeof value === 'number' ? String(value) : asText(value, field);
  if (digits === '' || digits === '0') return null;
  if (/^\d{1,20}$/.test(digits)) return digits;
  throw unreadable(field, 'is not an id');
}

/** As `asId`, for an id that must be there. */
export function requireId(value: unknown, field: string): string {
  const id = asId(value, field);
  if (id === null) throw unreadable(field, 'is missing');
  return id;
}

export function asBoolean(value: unknown, field: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  throw unreadable(field, 'is neither true nor false');
}

export function encodeText(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

export function decodeText(value: unknown, field: string): string {
  return Buffer.from(asText(value, field), 'base64').toString('utf8');
}

/** The end of the range that holds exactly the keys starting with `prefix`: its last byte plus one (UTF-8 never holds 0xff). */
export function encodePrefixEnd(prefix: string): string {
  const bytes = Buffer.from(prefix, 'utf8');
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) + 1;
  return bytes.toString('base64');
}

/** An mvccpb.KeyValue. */
export function decodeEntry(value: unknown): StoreEntry {
  const kv = asObject(value, 'kv');
  return {
    key: decodeText(kv['key'], 'kv.key'),
    value: decodeText(kv['value'], 'kv.value'),
    createRevision: asInteger(kv['create_revision'], 'kv.create_revision'),
    modRevision: asInteger(kv['mod_revision'], 'kv.mod_revision'),
    version: asInteger(kv['version'], 'kv.version'),
    lease: asId(kv['lease'], 'kv.lease'),
  };
}

/** The store's revision in an answer's header. Absent is a fault: every store has a revision of at least 1. */
export function decodeRevision(answer: Json): number {
  const revision = asInteger(asObject(answer['header'], 'header')['revision'], 'header.revision');
  if (revision < 1) throw unreadable('header.revision', 'is missing');
  return revision;
}

/** JSON text as an object. @throws Problem `store_unanswered`: it was sent, and what it did is not known. */
export function parseJson(text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Problem('store_unanswered', 'etcd answered with something that is not JSON.', { cause });
  }
  if (!isObject(value)) throw unreadable('the whole', 'is not an object');
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(field: string, what: string): Problem {
  return new Problem('store_unanswered', `etcd's answer cannot be read: ${field} ${what}.`);
}
