import type { LocalChain, LocalRow } from '../core/audit/courier-step.ts';
import type { TrailAddress } from './audit-chain.ts';
import { readChains, readRowsBehind, type Window } from './audit-rows.ts';
import { dropSegment, listSegments, openSegment } from './audit-segments.ts';
import { Link } from './link.ts';

/** A follower's own trail, as the courier sees it. */
export interface LocalTrail {
  /** Every chain of the node, the oldest first. */
  readonly chains: () => Promise<readonly LocalChain[]>;
  /** Rows behind those that were sent (by the id of the chain), in the order of ids. */
  readonly rows: (sent: ReadonlyMap<number, number>, window: Window) => Promise<readonly LocalRow[]>;
  /**
   * Throws segments away that hold nothing which the master lacks, and opens a new one when the newest is large or old.
   *
   * @param isThere whether the master has the record of that number, by the id of its chain
   */
  readonly tidy: (isThere: (chain: number, seq: number) => boolean) => Promise<void>;
  readonly end: () => Promise<void>;
}

/** A segment this large, or this old, is followed by another. */
const segmentBytes = 64 * 1024 * 1024;
const segmentMs = 10 * 60_000;

export function openLocalTrail(address: TrailAddress): LocalTrail {
  const link = new Link(address, { name: 'holdfast audit courier' });
  return {
    chains: () => link.use((sql) => readChains(sql)),
    rows: (sent, window) => link.use((sql) => readRowsBehind(sql, sent, window)),
    tidy: (isThere) =>
      link.use(async (sql) => {
        const segments = await listSegments(sql);
        const newest = segments.at(-1);
        for (const { number, isOpen } of segments) {
          if (isOpen) continue;
          const ends = await sql<{ chain: number | null; seq: string | null }[]>`
            select chain, max(seq)::text as seq from ${sql(`messages_${number}`)} group by chain`;
          // What has no chain was written by an older version, and is kept.
          const mayGo = ends.every(({ chain, seq }) => chain !== null && isThere(chain, Number(seq)));
          if (mayGo) await dropSegment(sql, number);
        }
        if (newest === undefined) return;
        const isFull = newest.bytes > segmentBytes || Date.now() - newest.openedAt.getTime() > segmentMs;
        const isEmpty = newest.bytes <= emptyBytes;
        if (isFull && !isEmpty) await openSegment(sql);
      }),
    end: () => link.end(),
  };
}

/** An empty table with its two indexes has two pages of 8 KiB, and something beside. */
const emptyBytes = 64 * 1024;
