import type { Digest } from './chain.ts';
import { judged, type JudgeSignature } from './checkpoint.ts';
import type { ExportedCheckpoint, ExportedRow } from './exported.ts';
import { type TrailChain, type TrailFault, TrailVerifier } from './trail-verifier.ts';

/** A trail that is read from somewhere: the rows come last, page by page. */
export interface TrailToCheck {
  readonly chains: readonly TrailChain[];
  readonly checkpoints: readonly ExportedCheckpoint[];
  readonly pages: AsyncIterable<readonly ExportedRow[]>;
  /** How the chains stand at the end: what was thrown away meanwhile is not missing. */
  readonly chainsAfter: () => Promise<readonly TrailChain[]>;
}

/** What came of it. */
export interface CheckedTrail {
  readonly chains: number;
  readonly records: number;
  /** Records that an older version wrote, without a chain: nothing can be said of them. */
  readonly unchained: number;
  /** Records behind the last of their chain that a node has signed for. */
  readonly unsigned: number;
  readonly faults: readonly TrailFault[];
}

/** Goes through a trail, row by row. */
export async function checkTrail(
  { chains, checkpoints, pages, chainsAfter }: TrailToCheck,
  { digest, judge }: { readonly digest: Digest; readonly judge: JudgeSignature },
): Promise<CheckedTrail> {
  const verifier = new TrailVerifier(chains, judged(chains, checkpoints, judge), digest);
  let [records, unchained] = [0, 0];
  for await (const page of pages) {
    for (const { chain, seq, hash, record } of page) {
      records += 1;
      if (chain === null || seq === null || hash === null) unchained += 1;
      else verifier.add({ chain, seq, hash, record });
    }
  }
  const faults = verifier.end();
  const isGone = faults.length === 0 ? () => false : goneBy(await chainsAfter());
  return {
    chains: chains.length,
    records,
    unchained,
    unsigned: verifier.unsigned(),
    faults: faults.filter((fault) => !isGone(fault)),
  };
}

/** Whether a fault is that records were thrown away, in order, while they were looked through. */
function goneBy(chains: readonly TrailChain[]): (fault: TrailFault) => boolean {
  const byName = new Map(chains.map((chain) => [`${chain.node} ${chain.chain}`, chain]));
  const gone = (node: string, chain: string): number => byName.get(`${node} ${chain}`)?.pruned?.seq ?? 0;
  return (fault) => {
    if (fault.kind === 'missing') return fault.to <= gone(fault.node, fault.chain);
    if (fault.kind !== 'forgotten') return false;
    const earlier = byName.get(`${fault.node} ${fault.chain}`)?.before?.chain;
    return earlier !== undefined && fault.seq <= gone(fault.node, earlier);
  };
}
