import type { AuditRecord } from '../src/core/audit/audit-record.ts';
import { isWorthPassing } from '../src/core/audit/retention.ts';
import { appendToChain, beginChain, type TrailAddress } from '../src/store/audit-chain.ts';
import { listSegments, openSegment } from '../src/store/audit-segments.ts';
import { openClient } from '../src/store/connection.ts';

const rowsAtOnce = 5000;
/** The product looks every ten seconds; at full load it has written as much by then. */
const rowsBetweenLooks = 50_000;

/** Writes records of reads as a follower does that nobody took them from: one chain, and segments that follow one another. */
export async function writeBacklog(address: TrailAddress, records: number): Promise<void> {
  const sql = openClient(address, { name: 'bench backlog', session: { synchronous_commit: false } });
  try {
    let chain = await beginChain(sql, address.node);
    for (let from = 0; from < records; from += rowsAtOnce) {
      const rows = Array.from({ length: Math.min(rowsAtOnce, records - from) }, (_, index) =>
        recordOf(from + index),
      );
      chain = await appendToChain(sql, chain, rows);
      if (from % rowsBetweenLooks > 0) continue;
      const newest = (await listSegments(sql)).at(-1);
      if (newest !== undefined && isWorthPassing(newest, null, Date.now())) await openSegment(sql);
    }
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** As a `GET` of one secret leaves it. */
function recordOf(index: number): AuditRecord {
  const user = `bench:host:app-${index % 100}/web`;
  const resource = `bench:variable:app-${index % 100}/secret-${index % 97}`;
  return {
    facility: 10,
    severity: 6,
    timestamp: new Date(Date.UTC(2026, 0, 1) + index).toISOString(),
    appname: 'conjur',
    procid: `req-${index.toString(36)}`,
    msgid: 'fetch',
    sdata: {
      'auth@43868': { user },
      'subject@43868': { resource },
      'action@43868': { result: 'success', operation: 'fetch' },
      'client@43868': { ip: '10.11.12.13' },
    },
    message: `${user} fetched ${resource}`,
  };
}
