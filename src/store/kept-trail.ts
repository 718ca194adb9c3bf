import type { LocalChain, LocalRow } from '../core/audit/carry-step.ts';
import type { SignPlace } from '../core/audit/checkpoint.ts';
import { isWorthPassing, planSegments, type RetentionRules } from '../core/audit/retention.ts';
import type { TrailAddress } from './audit-chain.ts';
import { signHeads, thinCheckpoints } from './audit-checkpoints.ts';
import { readChains, readRowsBehind, type Window } from './audit-rows.ts';
import { dropSegment, listSegments, openSegment } from './audit-segments.ts';
import { byKeys, type Sql } from './connection.ts';
import { Link } from './link.ts';

/** A node's trail, as its keeper sees it. */
export interface KeptTrail {
  /** Every chain, the oldest first. */
  readonly chains: () => Promise<readonly LocalChain[]>;
  /** Rows behind those that were sent (by the id of the chain), in the order of ids. */
  readonly rows: (sent: ReadonlyMap<number, number>, window: Window) => Promise<readonly LocalRow[]>;
  /** Signs the ends of the node's own chains, where they have moved. */
  readonly sign: () => Promise<void>;
  /**
   * Of a follower: throws segments away that hold nothing which the master lacks, and opens a new one when the newest is large
   * or old.
   *
   * @param isThere whether the master has the record of that number, by the id of its chain
   */
  readonly tidy: (isThere: (chain: number, seq: number) => boolean) => Promise<void>;
  /** Of a master: throws away what is not to be kept. @returns the segments that are gone */
  readonly retain: (rules: RetentionRules) => Promise<readonly number[]>;
  /** What the trail takes on the disk. */
  readonly bytes: () => Promise<number>;
  readonly end: () => Promise<void>;
}

/** The last record that a chain has in a segment. What has no chain was written by an older version, and is kept. */
interface SegmentEnd {
  readonly chain: number | null;
  readonly seq: string | null;
}

/** A writer that had looked for the newest segment just before there was another one is done by then. */
const lateMs = 10_000;
const thinEveryMs = 3600_000;

/**
 * Rows are read along the index on their ids, as many as are wanted. Without statistics, which a trail has for a part of the time,
 * the planner would take all that is behind, and sort it, for each thousand of them.
 */
const byIds = { ...byKeys, enable_bitmapscan: false, enable_sort: false };

/**
 * @param sign with the key of this node
 * @param maxBytes what the trail of a follower may take; null: no limit
 */
export function openKeptTrail(
  address: TrailAddress,
  sign: SignPlace,
  maxBytes: number | null = null,
): KeptTrail {
  const link = new Link(address, { name: 'holdfast audit keeper', session: { statement_timeout: 10_000 } });
  // A detachment waits for everybody who reads the segment; what was cancelled is finished the next time.
  const tidier = new Link(address, {
    name: 'holdfast audit tidier',
    session: { statement_timeout: 60_000, lock_timeout: 2000 },
  });
  const reader = new Link(address, { name: 'holdfast audit carrier', session: byIds });
  /** Where the chains of closed segments end: looked up once, since a backlog may have many. */
  const known = new Map<number, readonly SegmentEnd[]>();
  let thinnedAt = Number.NEGATIVE_INFINITY;
  return {
    chains: () => link.use((sql) => readChains(sql)),
    rows: (sent, window) => reader.use((sql) => readRowsBehind(sql, sent, window)),
    sign: () => link.use((sql) => signHeads(sql, address.node, sign)),
    tidy: (isThere) =>
      tidier.use(async (sql) => {
        const segments = await listSegments(sql);
        for (const [index, { number }] of segments.slice(0, -1).entries()) {
          const closedAt = segments[index + 1]?.openedAt.getTime() ?? Date.now();
          if (Date.now() - closedAt < lateMs) continue;
          const ends = known.get(number) ?? (await endsOf(sql, number));
          known.set(number, ends);
          if (!ends.every(({ chain, seq }) => chain !== null && isThere(chain, Number(seq)))) continue;
          await dropSegment(sql, number, sign);
          known.delete(number);
        }
        const newest = segments.at(-1);
        if (newest !== undefined && isWorthPassing(newest, maxBytes, Date.now())) await openSegment(sql);
      }),
    retain: (rules) =>
      tidier.use(async (sql) => {
        const { drop, open } = planSegments(await listSegments(sql), rules, Date.now());
        if (open) await openSegment(sql);
        for (const number of drop) await dropSegment(sql, number, sign);
        if (performance.now() - thinnedAt > thinEveryMs) {
          thinnedAt = performance.now();
          await thinCheckpoints(sql);
        }
        return drop;
      }),
    bytes: () =>
      link.use(async (sql) => (await listSegments(sql)).reduce((sum, { bytes }) => sum + bytes, 0)),
    end: async () => {
      await Promise.all([link.end(), reader.end(), tidier.end()]);
    },
  };
}

async function endsOf(sql: Sql, number: number): Promise<readonly SegmentEnd[]> {
  return sql<SegmentEnd[]>`
    select chain, max(seq)::text as seq from ${sql(`messages_${number}`)} group by chain`;
}
