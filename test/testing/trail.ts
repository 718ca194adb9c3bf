import { readFileSync } from 'node:fs';
import { nodeLayout } from '../../src/agent/layout.ts';
import { signerOf } from '../../src/identity/audit-signature.ts';
import { readCertificate } from '../../src/identity/certificate.ts';
import { type TrailReport, verifyTrail } from '../../src/store/audit-rows.ts';
import { openClient } from '../../src/store/connection.ts';
import type { DemoCluster } from './demo-cluster.ts';

/** What the audit trail of a node has of some requests. */
export interface Found {
  /** How many records each request has, by its id. */
  readonly records: ReadonlyMap<string, number>;
}

/** The requests whose ids begin with `prefix`, in the trail of a node as its database has it. */
export async function recordsOf(demo: DemoCluster, node: string, prefix: string): Promise<Found> {
  const sql = openClient(trailOf(demo, node), { name: 'test' });
  try {
    const rows = await sql<{ procid: string; count: number }[]>`
      select procid, count(*)::int as count from messages where starts_with(procid, ${`${prefix}-`}) group by procid`;
    return { records: new Map(rows.map(({ procid, count }) => [procid, count])) };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Looks through the chains of a node's trail. */
export async function verified(demo: DemoCluster, node: string): Promise<TrailReport> {
  const sql = openClient(trailOf(demo, node), { name: 'test' });
  const authority = readCertificate(readFileSync(demo.file.api.caFile, 'utf8'));
  try {
    return await verifyTrail(sql, (place, signature) => signerOf(place, signature, authority));
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function trailOf(demo: DemoCluster, node: string): { readonly socketDir: string; readonly port: number } {
  const { sockets } = nodeLayout(demo.nodeDir(node));
  return { socketDir: sockets, port: demo.node(node).postgres.audit.port };
}
