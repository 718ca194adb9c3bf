/** A rule as `nft --json list table` prints it; of its expressions only the counter is looked at. */
interface ListedRule {
  readonly comment?: string;
  readonly expr: readonly { readonly counter?: { readonly packets: number } }[];
}

/**
 * How many packets met the rules of a table, summed by the rules' comments. A rule that nothing has met yet stands with 0.
 *
 * @param listing what `nft --json list table` printed
 */
export function packetsByComment(listing: string): ReadonlyMap<string, number> {
  const { nftables }: { readonly nftables: readonly { readonly rule?: ListedRule }[] } = JSON.parse(listing);
  const sums = new Map<string, number>();
  for (const { rule } of nftables) {
    if (rule === undefined) continue;
    const comment = rule.comment ?? '';
    const packets = rule.expr.reduce((sum, { counter }) => sum + (counter?.packets ?? 0), 0);
    sums.set(comment, (sums.get(comment) ?? 0) + packets);
  }
  return sums;
}
