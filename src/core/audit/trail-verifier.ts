import { type ChainHead, type ChainId, type Digest, openChain, type OpeningFacts } from './chain.ts';
import {
  beginVerification,
  type ChainedRecord,
  type ChainFault,
  endVerification,
  type Verification,
  verifyNext,
} from './verify.ts';

/** A chain as the trail has it. */
export interface TrailChain extends OpeningFacts {
  /** What the rows of this database call it. */
  readonly id: number;
  /** The hash of the opened chain, before its first record. */
  readonly opening: string;
  /** Its newest record. */
  readonly head: ChainHead;
  /** Its last record that was thrown away; null: none was. */
  readonly pruned: ChainHead | null;
}

/** A row of the trail, with the chain that it is in. */
export interface TrailRow extends ChainedRecord {
  readonly chain: number;
}

/** What is wrong with a trail, and where. */
export type TrailFault =
  | (ChainFault & ChainId)
  /** What the trail says of the chain is not what it was opened with: of its node, its name, or the chain before it. */
  | ({ readonly kind: 'misopened' } & ChainId)
  /** The chain before this one is gone, or does not have the record that it had when this one was opened. */
  | ({ readonly kind: 'forgotten'; readonly seq: number } & ChainId)
  /** A record of a chain that is not there. */
  | { readonly kind: 'stray'; readonly chain: number; readonly seq: number };

/** Goes through a trail once, in the order of the database, and says what was changed, taken away or put in. */
export class TrailVerifier {
  readonly #digest: Digest;
  readonly #chains: ReadonlyMap<number, TrailChain>;
  /** The ids of chains by node and name. */
  readonly #ids: ReadonlyMap<string, number>;
  readonly #states = new Map<number, Verification>();
  /** Records that later chains were opened behind, by chain and number: what their hash was then. */
  readonly #promised = new Map<string, string>();
  readonly #faults: TrailFault[] = [];

  constructor(chains: readonly TrailChain[], digest: Digest) {
    this.#digest = digest;
    this.#chains = new Map(chains.map((chain) => [chain.id, chain]));
    this.#ids = new Map(chains.map(({ id, node, chain }) => [`${node} ${chain}`, id]));
    for (const chain of chains) this.#open(chain);
  }

  /** The next row. Those of one chain come in the order of their numbers. */
  add(row: TrailRow): void {
    const state = this.#states.get(row.chain);
    if (state === undefined) {
      this.#faults.push({ kind: 'stray', chain: row.chain, seq: row.seq });
      return;
    }
    this.#states.set(row.chain, verifyNext(state, row, this.#digest));
    const place = `${row.chain} ${row.seq}`;
    if (this.#promised.get(place) === row.hash) this.#promised.delete(place);
  }

  /** Everything that is wrong, chain by chain. */
  end(): readonly TrailFault[] {
    const ofChains = [...this.#states].flatMap(([id, state]) => {
      const chain = this.#chains.get(id);
      return chain === undefined
        ? []
        : endVerification(state, chain.head).map((fault) => named(chain, fault));
    });
    const forgotten = [...this.#chains.values()].flatMap((chain): readonly TrailFault[] => {
      const { before, node, chain: name } = chain;
      const isKept = before === null || !this.#promised.has(this.#placeBefore(chain, before));
      return isKept ? [] : [{ kind: 'forgotten', node, chain: name, seq: before.seq }];
    });
    return [...this.#faults, ...ofChains, ...forgotten];
  }

  #open(chain: TrailChain): void {
    const { id, node, chain: name, before, opening, pruned } = chain;
    if (openChain(chain, this.#digest).hash !== opening)
      this.#faults.push({ kind: 'misopened', node, chain: name });
    if (before !== null && !this.#wasPruned(chain, before))
      this.#promised.set(this.#placeBefore(chain, before), before.hash);
    this.#states.set(id, beginVerification(pruned ?? { seq: 0, hash: opening }));
  }

  /** Whether nothing can be said any more of the record that the chain was opened behind: it was thrown away, or there was none. */
  #wasPruned(
    { node }: TrailChain,
    { chain, seq }: { readonly chain: string; readonly seq: number },
  ): boolean {
    const earlier = this.#chains.get(this.#ids.get(`${node} ${chain}`) ?? Number.NaN);
    return seq <= (earlier?.pruned?.seq ?? 0);
  }

  /** Of the record that the chain was opened behind. One that is not there is in no row either. */
  #placeBefore(
    { node }: TrailChain,
    { chain, seq }: { readonly chain: string; readonly seq: number },
  ): string {
    return `${this.#ids.get(`${node} ${chain}`) ?? `${node} ${chain}`} ${seq}`;
  }
}

function named({ node, chain }: ChainId, fault: ChainFault): TrailFault {
  return { ...fault, node, chain };
}
