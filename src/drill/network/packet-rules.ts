import { createHash } from 'node:crypto';
import { Problem } from '../../core/problem.ts';

/** Seen from the node. */
export type Direction = 'in' | 'out';

/** Packets that get lost between a node and some peers. All are named as their ports on the bridge are. */
export interface PacketFault {
  readonly node: string;
  readonly peers: readonly string[];
  readonly directions: readonly Direction[];
  /** Only connections to these TCP ports, whichever end has them, and the answers; null: everything, ARP included. */
  readonly ports: readonly number[] | null;
  /** How many of a hundred packets are lost, by chance. */
  readonly percent: number;
}

/** What nftables is told, and what identifies it: two faults never share a table, the same one is never made twice. */
export interface PacketRules {
  readonly table: string;
  /** Makes the table, instead of the one of this name where there is one; all of it or nothing (nft(8), -f). */
  readonly apply: string;
  /** Takes the table away, where there is one. */
  readonly undo: string;
}

/** Begins the name of every table that a drill makes. */
export const tablePrefix = 'holdfast_drill_';

/**
 * The rules of a fault, for the bridge in the hub. They stand outside of the nodes: a node whose own rules dropped what it
 * sends would be told so (EPERM), and a real network tells nobody.
 *
 * @throws Problem `argument_invalid` for a fault that would lose nothing, and for names that no interface has
 */
export function packetRules(fault: PacketFault): PacketRules {
  refuseNonsense(fault);
  const rules = fault.directions.flatMap((direction) => rulesOf(fault, direction));
  const mark = createHash('sha256').update(rules.join('\n')).digest('hex').slice(0, 12);
  const table = `${tablePrefix}${mark}`;
  const undo = removal('bridge', table);
  const lines = [
    `table bridge ${table} {`,
    '  chain forward {',
    '    type filter hook forward priority 0; policy accept;',
    ...rules.map((rule) => `    ${rule}`),
    '  }',
    '}',
  ];
  return { table, apply: `${undo}${lines.join('\n')}\n`, undo };
}

/** Declared first, a table is there to be deleted: so it is no failure when it was not (nft(8) of Debian 12 has no "destroy"). */
export function removal(family: string, table: string): string {
  return `table ${family} ${table} {}\ndelete table ${family} ${table}\n`;
}

function rulesOf(fault: PacketFault, direction: Direction): readonly string[] {
  const node = setOf([fault.node]);
  const peers = setOf(fault.peers);
  const way = direction === 'out' ? `iifname ${node} oifname ${peers}` : `iifname ${peers} oifname ${node}`;
  const chance = fault.percent === 100 ? '' : ` numgen random mod 100 < ${fault.percent}`;
  const end = `${chance} counter drop comment "${direction}"`;
  if (fault.ports === null) return [`${way}${end}`];
  const ports = `{ ${fault.ports.join(', ')} }`;
  return ['dport', 'sport'].map((field) => `${way} tcp ${field} ${ports}${end}`);
}

function setOf(names: readonly string[]): string {
  return `{ ${names.map((name) => `"${name}"`).join(', ')} }`;
}

function refuseNonsense({ node, peers, directions, ports, percent }: PacketFault): void {
  const isName = (name: string): boolean => /^[a-z0-9][a-z0-9._-]{0,14}$/u.test(name);
  const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65_536;
  const faults = [
    ...([node, ...peers].every(isName) ? [] : ['node, peers: a name is none of an interface']),
    ...(peers.length > 0 && !peers.includes(node) ? [] : ['peers: name others than the node itself']),
    ...(directions.length > 0 ? [] : ['directions: name one or both']),
    ...(ports === null || (ports.length > 0 && ports.every(isPort))
      ? []
      : ['ports: name some, or null for all']),
    ...(Number.isInteger(percent) && percent >= 1 && percent <= 100 ? [] : ['percent: from 1 to 100']),
  ];
  if (faults.length > 0)
    throw new Problem('argument_invalid', `A fault of the network: ${faults.join('; ')}.`);
}
