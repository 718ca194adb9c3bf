import { hubExists, loadRules, runInHub } from './hub.ts';
import { removal, tablePrefix } from './packet-rules.ts';

/**
 * Takes away every fault of a network, whoever made it: those of a drill that was killed, too. (Relays of delays end with
 * the process that started them, and their devices with them.)
 *
 * @returns how many there were
 */
export async function clearFaults(hub: string): Promise<number> {
  if (!hubExists(hub)) return 0;
  const { stdout } = await runInHub(hub, ['nft', '--json', 'list', 'tables']);
  const tables = tablesOfDrills(stdout);
  const text = tables.map(({ family, name }) => removal(family, name)).join('');
  if (text !== '') await loadRules(hub, text);
  return tables.length;
}

interface Table {
  readonly family: string;
  readonly name: string;
}

/** @param listing what `nft --json list tables` printed */
export function tablesOfDrills(listing: string): readonly Table[] {
  const { nftables }: { readonly nftables: readonly { readonly table?: Table }[] } = JSON.parse(listing);
  return nftables
    .map(({ table }) => table)
    .filter((table) => table !== undefined)
    .filter(({ name }) => name.startsWith(tablePrefix))
    .map(({ family, name }) => ({ family, name }));
}
