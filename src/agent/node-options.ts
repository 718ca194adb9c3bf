import { isIP } from 'node:net';
import { isProblem, Problem } from '../core/problem.ts';
import { placeholderName } from '../core/failover/eligibility.ts';
import { assertDnsName } from '../identity/names.ts';
import type { NodeAddresses } from '../core/failover/cluster-state.ts';
import type { NodeOptions } from './operations.ts';

type Ports = NodeOptions['ports'];
export type PortName = keyof Ports;

/** What listens on each port, and the option that names it. */
export const portUses: Readonly<Record<PortName, { readonly option: string; readonly use: string }>> = {
  api: { option: '--api-port', use: 'the API' },
  peer: { option: '--peer-port', use: 'the API for other nodes' },
  data: { option: '--data-port', use: 'the data instance' },
  audit: { option: '--audit-port', use: 'the audit instance' },
  agent: { option: '--agent-port', use: 'the agent' },
  etcdClient: { option: '--etcd-client-port', use: 'etcd (clients)' },
  etcdPeer: { option: '--etcd-peer-port', use: 'etcd (members)' },
};

/** The ports that this node listens on. */
export function portsInUse(ports: Ports): readonly { readonly name: PortName; readonly port: number }[] {
  const names: readonly PortName[] = ['api', 'peer', 'data', 'audit', 'agent', 'etcdClient', 'etcdPeer'];
  return names.flatMap((name) => {
    const port = ports[name];
    return port === null ? [] : [{ name, port }];
  });
}

/**
 * Looks at what `init` and `join` have in common, before anything is touched.
 *
 * @throws Problem `config_invalid` with all faults in one
 */
export function assertNodeOptions(options: NodeOptions): void {
  const faults = [
    ...nodeNameFaults('--name', options.name),
    ...hostFaults('--host', options.host),
    ...(isIP(options.listen) === 0
      ? [`--listen: "${options.listen}" must be an IP address (0.0.0.0: all)`]
      : []),
    ...portFaults(options.ports),
    ...(options.dir.trim() === '' ? ['--dir: name a directory'] : []),
  ];
  failOn(faults);
}

/** @throws Problem `config_invalid` that lists `faults`, unless there are none */
export function failOn(faults: readonly string[]): void {
  if (faults.length > 0) throw new Problem('config_invalid', `${faults.join('; ')}.`);
}

/**
 * A node's name stands in certificates, in PostgreSQL's `application_name` (63 bytes), in slot names and in etcd keys;
 * lower case, so that no two of those can be confused.
 */
export function nameFaults(option: string, name: string): readonly string[] {
  const labels = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/u;
  if (name.length <= 63 && labels.test(name) && isIP(name) === 0 && isDnsName(name)) return [];
  return [
    `${option}: "${printable(name)}" must be a host name of at most 63 lower-case letters, digits, hyphens and dots`,
  ];
}

/** A name for a node: none that every certificate carries, or that stands for nobody. */
export function nodeNameFaults(option: string, name: string): readonly string[] {
  if (name !== 'localhost' && name !== placeholderName) return nameFaults(option, name);
  return [`${option}: "${name}" has a meaning of its own; name the node otherwise`];
}

/** An IP address or a host name. */
export function hostFaults(option: string, host: string): readonly string[] {
  const good = isIP(host) !== 0 ? !host.includes('%') && !isAnyAddress(host) : isDnsName(host);
  return good ? [] : [`${option}: "${printable(host)}" must be the address or host name that others reach`];
}

function portFaults(ports: Ports): readonly string[] {
  const used = portsInUse(ports);
  const outside = used
    .filter(({ port }) => !isPort(port))
    .map(({ name, port }) => `${portUses[name].option}: ${port} is not between 1 and 65535`);
  const twice = used
    .filter(({ port }, index) => used.findIndex((other) => other.port === port) < index)
    .map(({ name, port }) => `${portUses[name].option}: ${port} is named for two things`);
  const half = (ports.etcdClient === null) !== (ports.etcdPeer === null);
  return [...outside, ...twice, ...(half ? ['--etcd-client-port, --etcd-peer-port: name both or none'] : [])];
}

/** What is wrong with addresses that another machine sent; null when they can be declared. */
export function addressesFault(addresses: NodeAddresses): string | null {
  const [fault] = [...hostFaults('addresses.host', addresses.host), ...portFaults(addresses)];
  return fault ?? null;
}

export function isPort(port: unknown): port is number {
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536;
}

function isDnsName(name: string): boolean {
  try {
    assertDnsName(name);
    return true;
  } catch (error) {
    if (isProblem(error)) return false;
    throw error;
  }
}

function isAnyAddress(host: string): boolean {
  return host === '0.0.0.0' || /^[0:]+$/u.test(host);
}

function printable(text: string): string {
  return text.slice(0, 80).replaceAll(/[^\x20-\x7e]/gu, '?');
}
