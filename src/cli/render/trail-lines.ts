import type { ExportedChain, ExportedCheckpoint, ExportedRow } from '../../core/audit/exported.ts';
import { eachRecord, syslogLine } from '../../core/audit/rfc5424.ts';

/** A row of the trail as a line of JSON: with its place in its chain, and the record as it was hashed. */
export function rowLine({ id, ...row }: ExportedRow): string {
  return JSON.stringify({ type: 'record', id: String(id), ...row });
}

/** A chain as a line of JSON: what is needed to check its records. */
export function chainLine({ id, node, chain, opening, before, head, pruned }: ExportedChain): string {
  return JSON.stringify({ type: 'chain', id, node, chain, opening, before, head, pruned });
}

/** A place that a node has signed, as a line of JSON. */
export function checkpointLine(checkpoint: ExportedCheckpoint): string {
  return JSON.stringify({ type: 'checkpoint', ...checkpoint });
}

/** The records that a row stands for, as messages of RFC 5424. */
export function syslogLines({ record, node }: ExportedRow): readonly string[] {
  return eachRecord(record).map((each) => syslogLine(each, { hostname: node }));
}
