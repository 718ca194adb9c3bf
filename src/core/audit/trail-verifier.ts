import { type ChainHead, type ChainId, type Digest, openChain, type OpeningFacts } from './chain.ts';
import type { Checkpoint } from './checkpoint.ts';
import {
  beginVerification,
  type ChainedRecord,
  type ChainFault,
  endVerification,
  type Verification,
  verifyCheckpoint,
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
  /** What nodes have signed, by chain and number. */
  readonly #signed: ReadonlyMap<string, Checkpoint>;
  readonly #faults: TrailFault[] = [];

  constructor(chains: readonly TrailChain[], checkpoints: readonly Checkpoint[], digest: Digest) {
    this.#digest = digest;
    this.#signed = new Map(checkpoints.map((signed) => [`${signed.chain} ${signed.seq}`, signed]));
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
    const place = `${row.chain} ${row.seq}`;
    const next = verifyNext(state, row, this.#digest);
    const signed = this.#signed.get(place);
    const holds = signed !== undefined && this.#isGood(signed);
    this.#states.set(row.chain, holds ? verifyCheckpoint(next, signed) : next);
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
    return [...this.#faults, ...ofChains, ...this.#signedFaults(), ...forgotten];
  }

  /** How many records come after the last of their chain that a node has signed for: what only the database vouches for. */
  unsigned(): number {
    const signed = this.#newestSigned();
    return [...this.#chains.values()].reduce((sum, { id, head }) => {
      return sum + Math.max(0, head.seq - (signed.get(id) ?? 0));
    }, 0);
  }

  #newestSigned(): ReadonlyMap<number, number> {
    const newest = new Map<number, number>();
    for (const signed of this.#signed.values()) {
      if (this.#isGood(signed)) newest.set(signed.chain, Math.max(signed.seq, newest.get(signed.chain) ?? 0));
    }
    return newest;
  }

  /** Signatures that are none, and those of records behind the end of their chain. */
  #signedFaults(): readonly TrailFault[] {
    const bad = [...this.#signed.values()].flatMap((signed): readonly TrailFault[] => {
      const { chain: id, seq } = signed;
      const chain = this.#chains.get(id);
      if (chain === undefined) return [{ kind: 'stray', chain: id, seq }];
      return this.#isGood(signed) ? [] : [named(chain, { kind: 'badly_signed', seq })];
    });
    const cut = [...this.#newestSigned()].flatMap(([id, seq]): readonly TrailFault[] => {
      const chain = this.#chains.get(id);
      if (chain === undefined || seq <= chain.head.seq) return [];
      return [named(chain, { kind: 'missing', from: chain.head.seq + 1, to: seq })];
    });
    return [...bad, ...cut];
  }

  /** A node signs for its own chains; where records were thrown away, whoever did it. */
  #isGood({ chain: id, seq, signer }: Checkpoint): boolean {
    const chain = this.#chains.get(id);
    if (chain === undefined || signer === null) return false;
    return signer === chain.node || seq <= (chain.pruned?.seq ?? 0);
  }

  #open(chain: TrailChain): void {
    const { id, node, chain: name, before, opening, pruned } = chain;
    if (openChain(chain, this.#digest).hash !== opening)
      this.#faults.push({ kind: 'misopened', node, chain: name });
    if (before !== null && !this.#wasPruned(chain, before))
      this.#promised.set(this.#placeBefore(chain, before), before.hash);
    this.#states.set(id, beginVerification(pruned ?? { seq: 0, hash: opening }));
    if (pruned === null) return;
    const signed = this.#signed.get(`${id} ${pruned.seq}`);
    if (signed === undefined || signed.signer === null || signed.hash !== pruned.hash)
      this.#faults.push(named(chain, { kind: 'unsigned', seq: pruned.seq }));
  }

  /** Whether nothing is to be found of the record that the chain was opened behind: it was thrown away, or there was none yet. */
  #wasPruned({ node }: TrailChain, { chain, seq, hash }: ChainHead & { readonly chain: string }): boolean {
    const earlier = this.#chains.get(this.#ids.get(`${node} ${chain}`) ?? Number.NaN);
    if (seq === 0) return earlier?.opening === hash;
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
