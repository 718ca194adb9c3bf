import type { ChainId } from './chain.ts';
import type { ExportedChain, ExportedChains, ExportedRow, TrailMoment } from './exported.ts';

/*
 * Whoever follows a trail wants every record once. Ids are given out before a transaction commits, so rows are seen out of the
 * order of their ids, and the last id that was seen says nothing of those below it. Within one chain there is an order that
 * holds: whoever writes to it holds the chain's row until the commit, so what is seen of a chain are its first n records, and n is
 * its head. So what was read is remembered by chain, and asked for is what stands behind that.
 *
 * That would be looked for among all rows since the chain was begun. Hence the floor: an id below which nothing new can come.
 * An id up to the last one of a moment belongs to a transaction that had begun at that moment (`begunBefore`); once all those have
 * ended (`endedBefore` of a later moment), rows with these ids are seen, or never will be. Those that are seen at the later moment
 * are in front of the heads of that moment; so when all of them were read, whatever comes has a higher id.
 */

/** What was read so far, and where what is to come lies. */
export interface Following {
  /** By node and name of a chain: the last number that was read. Null: the beginning is not known yet. */
  readonly read: ReadonlyMap<string, number> | null;
  /** Whatever comes has higher ids; null: not known. */
  readonly floor: bigint | null;
  /** Moments whose transactions may not have ended, the oldest first. */
  readonly moments: readonly TrailMoment[];
}

export const newFollowing: Following = { read: null, floor: null, moments: [] };

const momentsLimit = 100;

/** What a look at the chains shows. */
export interface Sighting {
  readonly following: Following;
  /** Chains with records that were not read. */
  readonly behind: readonly ExportedChain[];
  /** Chains that have fewer records than were read: a failover lost them. */
  readonly shortened: readonly ChainId[];
}

/**
 * The next look at the chains, after all that the one before it showed was read.
 *
 * @param isPatient whether to wait for a floor before the beginning is settled: then nothing is looked for in vain
 */
export function look(before: Following, { chains, moment }: ExportedChains, isPatient: boolean): Sighting {
  const moments = [...before.moments, moment].slice(-momentsLimit);
  if (before.read === null) {
    const floor = settled(moments, moment);
    const begins = floor !== null || !isPatient;
    const read = begins ? new Map(chains.map((chain) => [nameOf(chain), chain.head.seq])) : null;
    return { following: { read, floor, moments }, behind: [], shortened: [] };
  }
  const read = new Map(before.read);
  const shortened = chains.filter((chain) => chain.head.seq < (read.get(nameOf(chain)) ?? 0));
  for (const chain of chains) {
    const name = nameOf(chain);
    const known = Math.min(read.get(name) ?? 0, chain.head.seq);
    read.set(name, Math.max(known, chain.pruned?.seq ?? 0));
  }
  const floor = shortened.length > 0 ? null : before.floor;
  const following = { read, floor, moments };
  return { following, behind: stillBehind(following, chains), shortened };
}

/** Those of the chains that were not read as far as they stood. */
export function stillBehind({ read }: Following, chains: readonly ExportedChain[]): readonly ExportedChain[] {
  return chains.filter((chain) => chain.head.seq > (read?.get(nameOf(chain)) ?? 0));
}

/** What to ask for: rows of these chains with higher ids than `after`, behind these numbers. */
export interface Asking {
  readonly after: bigint;
  readonly behind: ReadonlyMap<number, number>;
}

export function askingFor({ read, floor }: Following, chains: readonly ExportedChain[]): Asking {
  const begun = chains.reduce<bigint | null>(
    (least, { afterId }) => (least === null || afterId < least ? afterId : least),
    null,
  );
  return {
    after: floor ?? begun ?? 0n,
    behind: new Map(chains.map((chain) => [chain.id, read?.get(nameOf(chain)) ?? 0])),
  };
}

/** After an answer: what of it is new, and what was read then. No row at all: what was asked for is thrown away by now. */
export function afterRows(
  following: Following,
  chains: readonly ExportedChain[],
  rows: readonly ExportedRow[],
): { readonly following: Following; readonly fresh: readonly ExportedRow[] } {
  const read = new Map(following.read);
  if (rows.length === 0) {
    for (const chain of chains) read.set(nameOf(chain), chain.head.seq);
    return { following: { ...following, read }, fresh: [] };
  }
  const names = new Map(chains.map((chain) => [chain.id, nameOf(chain)]));
  const fresh = rows.filter(({ chain, seq }) => {
    const name = names.get(chain ?? Number.NaN);
    if (name === undefined || seq === null || seq <= (read.get(name) ?? 0)) return false;
    read.set(name, seq);
    return true;
  });
  return { following: { ...following, read }, fresh };
}

/** After all that a look has shown was read. */
export function afterAll(following: Following, { moment }: ExportedChains): Following {
  const floor = settled(following.moments, moment) ?? following.floor;
  const moments = following.moments.filter(({ begunBefore }) => begunBefore > moment.endedBefore);
  return { ...following, floor, moments };
}

/** After the connection, or the master, was lost: another master may give out the ids of rows that were lost once more. */
export function afterLoss(following: Following): Following {
  return { ...following, floor: null, moments: [] };
}

/** The highest id that belongs to no transaction which has not ended. */
function settled(moments: readonly TrailMoment[], { endedBefore }: TrailMoment): bigint | null {
  return moments.reduce<bigint | null>(
    (highest, { begunBefore, lastId }) =>
      begunBefore <= endedBefore && lastId > (highest ?? -1n) ? lastId : highest,
    null,
  );
}

function nameOf({ node, chain }: ChainId): string {
  return `${node} ${chain}`;
}
