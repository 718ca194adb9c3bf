import type { AuditRecord } from '../core/audit/audit-record.ts';
import type { ChainHead } from '../core/audit/chain.ts';
import type {
  ExportedChain,
  ExportedChains,
  ExportedCheckpoint,
  ExportedRow,
} from '../core/audit/exported.ts';
import type { TrailChain } from '../core/audit/trail-verifier.ts';
import { operatorHeaders } from './accounts.ts';
import { type Door, exchange } from './exchange.ts';
import { pathOf } from './path.ts';
import { jsonOf, recordOf, textOf } from './refusal.ts';
import { unexpectedAnswer } from './unexpected.ts';

/** A time, ISO 8601; null: open on that side. */
export interface TrailTime {
  readonly since: string | null;
  readonly until: string | null;
}

/** What the trail is read for: said at the beginning, for the trail itself. */
type TrailPurpose = 'export' | 'follow' | 'verify';

/** Which rows of the trail, in the order of ids. */
export interface TrailPage {
  readonly after: bigint;
  readonly limit: number;
  /** Only of these chains (by id), behind these numbers; null: all. */
  readonly behind: ReadonlyMap<number, number> | null;
}

const attempt = 'read the audit trail';

/** The chains of the master's trail. The door is that of a master's peer API, opened with a node's certificate. */
export async function readTrailChains(
  door: Door,
  asked: TrailTime & { readonly begin: TrailPurpose | null },
): Promise<ExportedChains> {
  const path = pathOf(['holdfast', 'audit', 'chains'], { ...asked });
  const answer = recordOf(
    jsonOf(await exchange(door, { attempt, method: 'GET', path, headers: operatorHeaders })),
  );
  const { chains, ids, moment } = answer ?? {};
  const span = recordOf(ids);
  const now = recordOf(moment);
  if (!Array.isArray(chains) || now === null) throw unexpectedAnswer(attempt);
  return {
    chains: chains.map(chainOf),
    ids: span === null ? null : { first: bigOf(span['first']), last: bigOf(span['last']) },
    moment: {
      lastId: bigOf(now['lastId']),
      endedBefore: bigOf(now['endedBefore']),
      begunBefore: bigOf(now['begunBefore']),
    },
  };
}

/** One page of what nodes have signed, behind a place; an empty one is the end. */
export async function readTrailCheckpoints(
  door: Door,
  { chain, seq, limit }: { readonly chain: number; readonly seq: number; readonly limit: number },
): Promise<readonly ExportedCheckpoint[]> {
  const path = pathOf(['holdfast', 'audit', 'checkpoints'], { after: `${chain}:${seq}`, limit });
  const answer = await exchange(door, { attempt, method: 'GET', path, headers: operatorHeaders });
  return linesOf(textOf(answer)).map((line) => checkpointOf(parsed(line)));
}

/** One page of rows; an empty one is the end. */
export async function readTrailRows(
  door: Door,
  { after, limit, behind }: TrailPage,
): Promise<readonly ExportedRow[]> {
  const heads = behind === null ? null : [...behind].map(([chain, seq]) => `${chain}:${seq}`).join(',');
  const path = pathOf(['holdfast', 'audit', 'export'], { after: String(after), limit, behind: heads });
  const answer = await exchange(door, { attempt, method: 'GET', path, headers: operatorHeaders });
  return linesOf(textOf(answer)).map((line) => rowOf(parsed(line)));
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** A signed place as it travels, and as it stands in an export. @throws Problem for anything else */
export function checkpointOf(value: unknown): ExportedCheckpoint {
  const fields = recordOf(value);
  return {
    chain: numberOf(fields?.['chain']),
    ...headOf(fields),
    signedAt: textOfField(fields?.['signedAt']),
    signature: textOfField(fields?.['signature']),
    certificate: textOfField(fields?.['certificate']),
  };
}

/** A row as it travels, and as it stands in an export. @throws Problem for anything else */
export function rowOf(value: unknown): ExportedRow {
  const fields = recordOf(value);
  const record = recordOf(fields?.['record']);
  if (fields === null || record === null) throw unexpectedAnswer(attempt);
  return {
    id: bigOf(fields['id']),
    node: orNull(fields['node'], textOfField),
    chain: orNull(fields['chain'], numberOf),
    seq: orNull(fields['seq'], numberOf),
    hash: orNull(fields['hash'], textOfField),
    record: recordOfFields(record),
  };
}

function recordOfFields(fields: Readonly<Record<string, unknown>>): AuditRecord {
  const also = recordOf(fields['also']);
  return {
    facility: numberOf(fields['facility']),
    severity: numberOf(fields['severity']),
    appname: textOfField(fields['appname']),
    procid: textOfField(fields['procid']),
    msgid: textOfField(fields['msgid']),
    sdata: sdataOf(fields['sdata']),
    message: textOfField(fields['message']),
    timestamp: textOfField(fields['timestamp']),
    ...(also === null
      ? {}
      : {
          also: {
            resources: textsOf(also['resources']),
            before: textOfField(also['before']),
            after: textOfField(also['after']),
          },
        }),
  };
}

function sdataOf(value: unknown): AuditRecord['sdata'] {
  const elements = Object.entries(recordOf(value) ?? {}).map(([id, fields]) => {
    const texts = Object.entries(recordOf(fields) ?? {}).map(
      ([name, text]) => [name, textOfField(text)] as const,
    );
    return [id, Object.fromEntries(texts)] as const;
  });
  return Object.fromEntries(elements);
}

/** A chain as it stands in an export, which says nothing of ids. @throws Problem for anything else */
export function trailChainOf(value: unknown): TrailChain {
  const fields = recordOf(value);
  if (fields === null) throw unexpectedAnswer(attempt);
  const before = recordOf(fields['before']);
  const pruned = recordOf(fields['pruned']);
  return {
    id: numberOf(fields['id']),
    node: textOfField(fields['node']),
    chain: textOfField(fields['chain']),
    opening: textOfField(fields['opening']),
    head: headOf(recordOf(fields['head'])),
    pruned: pruned === null ? null : headOf(pruned),
    before: before === null ? null : { chain: textOfField(before['chain']), ...headOf(before) },
  };
}

function chainOf(value: unknown): ExportedChain {
  return { ...trailChainOf(value), afterId: bigOf(recordOf(value)?.['afterId']) };
}

function headOf(fields: Readonly<Record<string, unknown>> | null): ChainHead {
  return { seq: numberOf(fields?.['seq']), hash: textOfField(fields?.['hash']) };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw unexpectedAnswer(attempt);
  }
}

function orNull<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null ? null : read(value);
}

function textOfField(value: unknown): string {
  if (typeof value === 'string') return value;
  throw unexpectedAnswer(attempt);
}

function textsOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw unexpectedAnswer(attempt);
  return value.map(textOfField);
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  throw unexpectedAnswer(attempt);
}

function bigOf(value: unknown): bigint {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value);
  throw unexpectedAnswer(attempt);
}
