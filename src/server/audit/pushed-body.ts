import type { AuditRecord } from '../../core/audit/audit-record.ts';
import type { ChainId } from '../../core/audit/chain.ts';
import type { PushedRecords } from '../../core/audit/pushed.ts';
import { Problem } from '../../core/problem.ts';

/** Chains in one push: a follower has a few for each of its workers. */
const chainLimit = 1000;
/** Records in one push, over all chains. */
const recordsLimit = 20_000;
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const hexDigest = /^[0-9a-f]{64}$/;

/** What stands in the place of a chain that cannot be read. */
export interface UnreadableChain extends ChainId {
  /** The first field that is not right, and what should be there. */
  readonly unreadable: string;
}

/**
 * The body of a push. A chain that is not right harms no other.
 *
 * @throws Problem `request_malformed` when it is no list of chains, or too long
 */
export function readPush(body: unknown): readonly (PushedRecords | UnreadableChain)[] {
  const chains = parsed(body);
  if (!Array.isArray(chains) || chains.length > chainLimit)
    throw malformed(`a list of at most ${chainLimit} chains`);
  const pushed = chains.map((chain: unknown, index) => readable(chain, `[${index}]`));
  const records = pushed.reduce((sum, chain) => sum + ('records' in chain ? chain.records.length : 0), 0);
  if (records > recordsLimit) throw malformed(`at most ${recordsLimit} records`);
  return pushed;
}

function parsed(body: unknown): unknown {
  if (!Buffer.isBuffer(body)) throw malformed('JSON');
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw malformed('JSON');
  }
}

function readable(value: unknown, at: string): PushedRecords | UnreadableChain {
  const chain = objectAt(value, at);
  try {
    return readChain(chain, at);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { node: nameAt(chain, 'node', at), chain: nameAt(chain, 'chain', at), unreadable: error.detail };
  }
}

function readChain(chain: Fields, at: string): PushedRecords {
  const records = chain['records'];
  if (!Array.isArray(records) || records.length === 0)
    throw malformed(`${at}.records: a list of one or more`);
  return {
    node: nameAt(chain, 'node', at),
    chain: nameAt(chain, 'chain', at),
    before:
      chain['before'] === null ? null : readBefore(objectAt(chain['before'], `${at}.before`), `${at}.before`),
    from: countAt(chain, 'from', at),
    newest: countAt(chain, 'newest', at),
    records: records.map((record: unknown, index) => readRecord(record, `${at}.records[${index}]`)),
    hash: hashAt(chain, 'hash', at),
    signature: readSignature(objectAt(chain['signature'], `${at}.signature`), `${at}.signature`),
  };
}

function readSignature(signature: Fields, at: string): PushedRecords['signature'] {
  return { signedAt: instantAt(signature, 'signedAt', at), signature: textAt(signature, 'signature', at) };
}

function readBefore(before: Fields, at: string): NonNullable<PushedRecords['before']> {
  return {
    chain: nameAt(before, 'chain', at),
    seq: countAt(before, 'seq', at),
    hash: hashAt(before, 'hash', at),
  };
}

function readRecord(value: unknown, at: string): AuditRecord {
  const record = objectAt(value, at);
  return {
    facility: countAt(record, 'facility', at, 23),
    severity: countAt(record, 'severity', at, 7),
    timestamp: instantAt(record, 'timestamp', at),
    appname: textAt(record, 'appname', at),
    procid: textAt(record, 'procid', at),
    msgid: textAt(record, 'msgid', at),
    sdata: sdataAt(record['sdata'], `${at}.sdata`),
    message: textAt(record, 'message', at),
    ...(record['also'] === undefined
      ? {}
      : { also: readAlso(objectAt(record['also'], `${at}.also`), `${at}.also`) }),
  };
}

function readAlso(also: Fields, at: string): NonNullable<AuditRecord['also']> {
  const resources = also['resources'];
  if (!Array.isArray(resources)) throw malformed(`${at}.resources: a list`);
  return {
    resources: resources.map((resource: unknown, index) => soundText(resource, `${at}.resources[${index}]`)),
    before: textAt(also, 'before', at),
    after: textAt(also, 'after', at),
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

/** Looked at in place: a push has some ten thousand of these, and copying them was half of what reading it took. */
function sdataAt(value: unknown, at: string): AuditRecord['sdata'] {
  if (isSdata(value, at)) return value;
  throw malformed(`${at}: an object`);
}

function isSdata(value: unknown, at: string): value is AuditRecord['sdata'] {
  for (const [id, element] of Object.entries(objectAt(value, at))) {
    soundText(id, at);
    for (const [name, text] of Object.entries(objectAt(element, at))) {
      soundText(name, at);
      soundText(text, at);
    }
  }
  return true;
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
  if (instant.test(text) && !Number.isNaN(Date.parse(text))) return text;
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

function hashAt(fields: Fields, name: string, at: string): string {
  const text = textAt(fields, name, at);
  if (hexDigest.test(text)) return text;
  throw malformed(`${at}.${name}: 64 hexadecimal digits`);
}

function malformed(what: string): Problem {
  return new Problem('request_malformed', `The push cannot be read; there should be ${what}.`);
}
