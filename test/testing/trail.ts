import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { nodeLayout } from '../../src/agent/layout.ts';
import { signerOf } from '../../src/identity/audit-signature.ts';
import { readCertificate } from '../../src/identity/certificate.ts';
import { type TrailReport, verifyTrail } from '../../src/store/testing/verify-trail.ts';
import { openClient } from '../../src/store/connection.ts';
import { type DemoCluster, until } from './demo-cluster.ts';

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

/** The requests of clients, as they saw them. */
interface Asked {
  readonly answered: ReadonlySet<string>;
  readonly unanswered: ReadonlySet<string>;
}

const arriveMs = 60_000;

/**
 * Waits until the master has a record of every answered request of a prefix; then each has exactly one, no other has more than
 * one, and the chains of both nodes hold.
 *
 * @returns what came of it, as a sentence
 */
export async function settled(
  demo: DemoCluster,
  { answered, unanswered }: Asked,
  where: { readonly prefix: string; readonly follower: string },
): Promise<string> {
  const since = performance.now();
  const onMaster = async (): Promise<ReadonlyMap<string, number>> =>
    (await recordsOf(demo, demo.master?.name ?? '', where.prefix)).records;
  await until(arriveMs, 'the master has every record', async () => {
    const records = await onMaster().catch(() => null);
    return records !== null && [...answered].every((id) => records.has(id)) ? true : null;
  });
  const tookMs = Math.round(performance.now() - since);
  const records = await onMaster();
  const twice = [...records].filter(([, count]) => count !== 1);
  assert.deepEqual(twice, [], 'no record twice');
  const surplus = [...records.keys()].filter((id) => !answered.has(id));
  const unknown = surplus.filter((id) => !unanswered.has(id));
  assert.deepEqual(unknown, [], 'no record of what nobody asked');
  for (const name of [where.follower, demo.master?.name ?? '']) {
    const { faults } = await verified(demo, name);
    assert.deepEqual(faults, [], `the chains of ${name}`);
  }
  return (
    `${answered.size} answered, all recorded within ${tookMs} ms; ` +
    `${surplus.length} of ${unanswered.size} without an answer recorded`
  );
}

/** Looks through the chains of a node's trail. */
async function verified(demo: DemoCluster, node: string): Promise<TrailReport> {
  const sql = openClient(trailOf(demo, node), { name: 'test' });
  const authority = readCertificate(readFileSync(demo.file.api.caFile, 'utf8'));
  try {
    return await verifyTrail(sql, (place, signature) => signerOf(place, signature, authority));
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** The audit database of a node. */
export function trailOf(
  demo: DemoCluster,
  node: string,
): { readonly socketDir: string; readonly port: number } {
  const { sockets } = nodeLayout(demo.nodeDir(node));
  return { socketDir: sockets, port: demo.node(node).postgres.audit.port };
}
