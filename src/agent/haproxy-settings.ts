import { isIP } from 'node:net';
import type { NodeKind } from '../core/failover/cluster-state.ts';
import { Problem } from '../core/problem.ts';

/** Where HAProxy listens. */
export interface Endpoint {
  /** One address, or several with commas between. */
  readonly host: string;
  readonly port: number;
}

export interface BalancedNode {
  readonly name: string;
  readonly kind: NodeKind;
  readonly host: string;
  readonly apiPort: number;
  readonly peerPort: number;
  readonly dataPort: number;
  readonly auditPort: number;
}

export interface HaproxySettings {
  readonly frontends: {
    /** The API of the master. */
    readonly api: Endpoint;
    /** The API of the followers, as a pool for reads and authentication. */
    readonly followers?: Endpoint;
    /** The two PostgreSQL instances of the master: for those that stream through the load balancer, and pg_rewind. */
    readonly dataPostgres: Endpoint;
    readonly auditPostgres: Endpoint;
    /** The API of the master for other nodes: followers send writes and audit records there. */
    readonly peer?: Endpoint;
    /** HAProxy's own page and metrics, unencrypted: loopback or a management network. */
    readonly stats?: Endpoint;
  };
  readonly nodes: readonly BalancedNode[];
  /** The cluster's authority certificate, PEM. */
  readonly caFile: string;
  /** The cluster's public name, which every node's certificate carries. */
  readonly dnsName: string;
  /** Time between two health checks of a node, milliseconds. */
  readonly checkIntervalMs?: number;
  /** Connections at a time over all frontends. */
  readonly maxConnections?: number;
  /** Whom HAProxy becomes when root starts it; nobody else when left out. */
  readonly systemUser?: string;
}

/** A word that HAProxy reads as one word, and nothing else. */
const word = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/u;

/**
 * Refuses what HAProxy would misread, so that no value becomes a directive.
 *
 * @throws Problem `config_invalid`, all faults in one
 */
export function assertHaproxySettings(settings: HaproxySettings): void {
  const { nodes, frontends, dnsName, caFile, systemUser, checkIntervalMs, maxConnections } = settings;
  const names = nodes.map(({ name }) => name);
  const faults = [
    ...nodes.flatMap((node, at) => [
      ...isWord(`nodes[${at}].name`, node.name),
      ...isAddress(`nodes[${at}]`, node.host, [node.apiPort, node.peerPort, node.dataPort, node.auditPort]),
    ]),
    ...Object.entries(frontends).flatMap(([name, end]: readonly [string, Endpoint]) =>
      end.host.split(',').flatMap((host) => isAddress(`frontends.${name}`, host, [end.port])),
    ),
    ...isWord('dnsName', dnsName),
    ...(systemUser === undefined ? [] : isWord('systemUser', systemUser)),
    ...(/^\/[^'\p{Cc}]+$/u.test(caFile) ? [] : ['caFile is not an absolute path without quotes']),
    ...isBetween('checkIntervalMs', checkIntervalMs, 50, 60_000),
    ...isBetween('maxConnections', maxConnections, 1, 1_000_000),
    ...(new Set(names).size === names.length ? [] : ['nodes: two have the same name']),
    ...(nodes.some(({ kind }) => kind !== 'follower') ? [] : ['nodes: none of them could be master']),
  ];
  if (faults.length > 0)
    throw new Problem('config_invalid', `The load balancer's settings: ${faults.join('; ')}.`);
}

function isWord(field: string, text: string): readonly string[] {
  return word.test(text) ? [] : [`${field} is not a plain name`];
}

function isAddress(field: string, host: string, ports: readonly number[]): readonly string[] {
  const hostIsGood = isIP(host) !== 0 ? !host.includes('%') : word.test(host);
  const portsAreGood = ports.every((port) => Number.isInteger(port) && port > 0 && port < 65_536);
  return [
    ...(hostIsGood ? [] : [`${field}: the host is neither an address nor a host name`]),
    ...(portsAreGood ? [] : [`${field}: a port is not between 1 and 65535`]),
  ];
}

function isBetween(field: string, value: number | undefined, least: number, most: number): readonly string[] {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return [];
  return [`${field} is not a whole number between ${least} and ${most}`];
}
