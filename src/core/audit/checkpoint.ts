import type { ChainHead, ChainId } from './chain.ts';

/** A place of a chain: that it has this record there. */
export type Place = ChainId & ChainHead;

/** What a node signs. */
export interface SignedPlace extends ChainId, ChainHead {
  /** ISO 8601, in UTC and milliseconds. */
  readonly signedAt: string;
}

/** A signed place as it is stored and sent: whose signature it is stands in the certificate. */
export interface Signature {
  readonly signedAt: string;
  /** ECDSA over `checkpointText`, base64. */
  readonly signature: string;
  /** PEM. */
  readonly certificate: string;
}

/** Signs a place with the key of a node. */
export type SignPlace = (place: Place) => Signature;

/** The node of the cluster whose signature of this place it is; null: it is nobody's. */
export type JudgeSignature = (place: Place, signature: Signature) => string | null;

/** A place of a chain whose hash a node has signed, as a verifier knows it. */
export interface Checkpoint extends ChainHead {
  /** What the rows of this database call the chain. */
  readonly chain: number;
  /** The node of the cluster whose signature it is; null: it is nobody's. */
  readonly signer: string | null;
}

/** Says of what was read whose signatures they are. Those of chains that are not there are nobody's. */
export function judged(
  chains: readonly (ChainId & { readonly id: number })[],
  checkpoints: readonly (ChainHead & Signature & { readonly chain: number })[],
  judge: JudgeSignature,
): readonly Checkpoint[] {
  const byId = new Map(chains.map((chain) => [chain.id, chain]));
  return checkpoints.map(({ chain: id, seq, hash, ...signature }) => {
    const chain = byId.get(id);
    const place = { node: chain?.node ?? '', chain: chain?.chain ?? '', seq, hash };
    return { chain: id, seq, hash, signer: chain === undefined ? null : judge(place, signature) };
  });
}

/** The words that are signed. They are no other signature's: the first line says what they are for. */
export function checkpointText({ node, chain, seq, hash, signedAt }: SignedPlace): string {
  return `holdfast audit checkpoint 1\n${JSON.stringify([node, chain, seq, hash, signedAt])}`;
}
