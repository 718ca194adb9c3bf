import type { NodeAddresses } from '../../core/failover/cluster-state.ts';

/** Where the ports of a node begin unless --ports says otherwise. */
export const defaultPortBase = 8400;

export interface PortArguments {
  readonly ports: number;
  readonly apiPort?: number;
  readonly peerPort?: number;
  readonly dataPort?: number;
  readonly auditPort?: number;
  readonly etcdClientPort?: number;
  readonly etcdPeerPort?: number;
  readonly agentPort?: number;
}

/** The option of each port and its place behind the base, in the order in which help shows them. */
export const portOptions = [
  { option: '--api-port', offset: 0, what: 'the API for clients' },
  { option: '--peer-port', offset: 1, what: 'the API for other nodes' },
  { option: '--data-port', offset: 2, what: 'PostgreSQL, instance data' },
  { option: '--audit-port', offset: 3, what: 'PostgreSQL, instance audit' },
  { option: '--etcd-client-port', offset: 4, what: 'etcd for the agents' },
  { option: '--etcd-peer-port', offset: 5, what: 'etcd between its members' },
  { option: '--agent-port', offset: 6, what: 'the agent, and for joining' },
] as const;

/** The ports of a node: --ports and what follows it, single ones put elsewhere. Whoever uses them checks them. */
export function planPorts(given: PortArguments): Omit<NodeAddresses, 'host'> {
  const base = given.ports;
  return {
    api: given.apiPort ?? base,
    peer: given.peerPort ?? base + 1,
    data: given.dataPort ?? base + 2,
    audit: given.auditPort ?? base + 3,
    etcdClient: given.etcdClientPort ?? base + 4,
    etcdPeer: given.etcdPeerPort ?? base + 5,
    agent: given.agentPort ?? base + 6,
  };
}
