import type { ChainId } from '../../core/audit/chain.ts';
import type { CarriedRecord, PushedHeader, PushedRecords } from '../../core/audit/pushed.ts';
import { Problem } from '../../core/problem.ts';
import { isInstant, readCarried } from './carried-record.ts';

/** Chains in one push: a follower has a few for each of its workers. */
const chainLimit = 1000;
/** Records in one push, over all chains. */
const recordsLimit = 20_000;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const hexDigest = /^[0-9a-f]{64}$/;

/** What stands in the place of a chain that cannot be read. */
export interface UnreadableChain extends ChainId {
  /** The first field that is not right, and what should be there. */
  readonly unreadable: string;
}

/**
 * The body of a push (see `pushBody`). A chain that is not right harms no other.
 *
 * @throws Problem `request_malformed` when it is no list of chains, or too long
 */
export function readPush(body: unknown): readonly (PushedRecords | UnreadableChain)[] {
  if (!Buffer.isBuffer(body) || body.length === 0) throw malformed('lines');
  const lines = body.toString('utf8').split('\n');
  if (lines.pop() !== '') throw malformed('a line feed at the end');
  if (lines.length > chainLimit + recordsLimit) throw malformed(`at most ${recordsLimit} records`);
  const chains: (PushedRecords | UnreadableChain)[] = [];
  for (let at = 0; at < lines.length; ) {
    if (chains.length === chainLimit) throw malformed(`at most ${chainLimit} chains`);
    const name = `line ${at + 1}`;
    const header = headerAt(lines[at] ?? '', name);
    const count = countAt(header, 'records', name, recordsLimit);
    if (at + count >= lines.length) throw malformed(`${name}.records: as many lines`);
    chains.push(readable(header, lines.slice(at + 1, at + 1 + count), at + 1));
    at += 1 + count;
  }
  return chains;
}

function headerAt(line: string, at: string): Fields {
  try {
    return objectAt(JSON.parse(line), at);
  } catch {
    throw malformed(`${at}: an object as JSON`);
  }
}

function readable(header: Fields, texts: readonly string[], line: number): PushedRecords | UnreadableChain {
  const at = `line ${line}`;
  try {
    return { ...readHeader(header, at), records: readTexts(texts, line) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { node: nameAt(header, 'node', at), chain: nameAt(header, 'chain', at), unreadable: error.detail };
  }
}

function readTexts(texts: readonly string[], line: number): readonly CarriedRecord[] {
  if (texts.length === 0) throw malformed(`line ${line}.records: one or more`);
  return texts.map((text, index) => {
    const record = readCarried(text);
    if (record === null) throw malformed(`line ${line + 1 + index}: the canonical text of a record`);
    return record;
  });
}

function readHeader(header: Fields, at: string): PushedHeader {
  const { before } = header;
  return {
    node: nameAt(header, 'node', at),
    chain: nameAt(header, 'chain', at),
    before: before === null ? null : readBefore(objectAt(before, `${at}.before`), `${at}.before`),
    from: fromAt(header, at),
    newest: countAt(header, 'newest', at),
    hash: hashAt(header, 'hash', at),
    signature: readSignature(objectAt(header['signature'], `${at}.signature`), `${at}.signature`),
  };
}

function readSignature(signature: Fields, at: string): PushedRecords['signature'] {
  return { signedAt: instantAt(signature, 'signedAt', at), signature: base64At(signature, 'signature', at) };
}

function readBefore(before: Fields, at: string): NonNullable<PushedRecords['before']> {
  return {
    chain: nameAt(before, 'chain', at),
    seq: countAt(before, 'seq', at),
    hash: hashAt(before, 'hash', at),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function objectAt(value: unknown, at: string): Fields {
  if (isObject(value)) return value;
  throw malformed(`${at}: an object`);
}

/** What JSON.parse has made has fields of its own alone. */
function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textAt(fields: Fields, name: string, at: string): string {
  return soundText(fields[name], `${at}.${name}`);
}

/** What PostgreSQL can store: the sender has put a sign in place of anything else. */
function soundText(value: unknown, at: string): string {
  if (typeof value === 'string' && !value.includes('\0') && value.isWellFormed()) return value;
  throw malformed(`${at}: a text`);
}

function instantAt(fields: Fields, name: string, at: string): string {
  const text = textAt(fields, name, at);
  if (isInstant(text)) return text;
  throw malformed(`${at}.${name}: an instant in UTC and milliseconds`);
}

function nameAt(fields: Fields, name: string, at: string): string {
  const text = textAt(fields, name, at);
  if (text === '' || text.length > 255) throw malformed(`${at}.${name}: a name`);
  return text;
}

/** @param most RFC 5424, 6.2.1, where a number is one of its codes */
function countAt(fields: Fields, name: string, at: string, most = Number.MAX_SAFE_INTEGER): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw malformed(`${at}.${name}: a whole number from 0 to ${most}`);
}

/** The first record of a chain is number 1. */
function fromAt(header: Fields, at: string): number {
  const from = countAt(header, 'from', at);
  if (from > 0) return from;
  throw malformed(`${at}.from: a whole number from 1`);
}

/** As PostgreSQL reads it, which is stricter than Node. */
function base64At(fields: Fields, name: string, at: string): string {
  const text = textAt(fields, name, at);
  if (base64.test(text)) return text;
  throw malformed(`${at}.${name}: base64 (RFC 4648, section 4)`);
}

function hashAt(fields: Fields, name: string, at: string): string {
  const text = textAt(fields, name, at);
  if (hexDigest.test(text)) return text;
  throw malformed(`${at}.${name}: 64 hexadecimal digits`);
}

function malformed(what: string): Problem {
  return new Problem('request_malformed', `The push cannot be read; there should be ${what}.`);
}
