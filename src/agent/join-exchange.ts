import type { LoadBalancerAddress, NodeAddresses } from '../core/failover/cluster-state.ts';
import { Problem } from '../core/problem.ts';
import { Secret } from '../core/secret.ts';
import { addressesFault, nodeNameFaults } from './node-options.ts';

/** What a newcomer sends to `POST /v1/join`. Its private key stays where it was made. */
export interface JoinRequest {
  readonly token: Secret<string>;
  readonly name: string;
  readonly addresses: NodeAddresses;
  readonly requestPem: string;
}

/** What it gets. The keys are sealed to the key of the request. */
export interface JoinAnswer {
  readonly certificatePem: string;
  readonly caPem: string;
  readonly dataKey: string;
  /** The authority's key, for whoever may become master, an asynchronous standby too: they issue certificates. */
  readonly authorityKey: string | null;
  readonly cluster: ClusterFacts;
}

/** What a newcomer must know of the cluster; asked for with the same request before the token is used up. */
export interface ClusterFacts {
  readonly name: string;
  readonly account: string;
  readonly publicName: string;
  readonly loadBalancer: LoadBalancerAddress | null;
  readonly etcd: { readonly mode: 'own' | 'external'; readonly endpoints: readonly string[] };
}

export const joinPath: string = '/v1/join';
export const joinFactsPath: string = '/v1/join/cluster';
/** Both directions: certificates and addresses, some kilobytes. */
export const bodyLimitBytes: number = 64 * 1024;

/** What the boxes are for: another node's box, or the other box, does not open under these words. */
export function dataKeyContext(cluster: string, name: string): string {
  return `data-key/${cluster}/${name}`;
}

export function authorityKeyContext(cluster: string, name: string): string {
  return `authority-key/${cluster}/${name}`;
}

export function encodeJoinRequest(request: JoinRequest): string {
  return JSON.stringify({ ...request, token: request.token.reveal() });
}

/** @throws Problem `request_malformed` that names the field */
export function parseJoinRequest(body: string): JoinRequest {
  const fields = objectOf(body);
  const text = (name: string): string => {
    const value = fields.get(name);
    if (typeof value === 'string') return value;
    throw malformed(`${name} is missing`);
  };
  const [nameFault] = nodeNameFaults('name', text('name'));
  if (nameFault !== undefined) throw malformed(nameFault);
  const addresses = addressesOf(fields.get('addresses'));
  const fault = addressesFault(addresses);
  if (fault !== null) throw malformed(fault);
  return { token: new Secret(text('token')), name: text('name'), addresses, requestPem: text('requestPem') };
}

/** The answer of a node of the cluster, whom TLS has proved: its shape is looked at all the same. */
export function parseJoinAnswer(body: string): JoinAnswer {
  const fields = objectOf(body);
  const answer: Partial<JoinAnswer> = Object.fromEntries(fields);
  const { certificatePem, caPem, dataKey, authorityKey, cluster } = answer;
  const whole =
    typeof certificatePem === 'string' && typeof caPem === 'string' && typeof dataKey === 'string' && cluster;
  if (whole && authorityKey !== undefined && Array.isArray(cluster.etcd?.endpoints)) {
    return { certificatePem, caPem, dataKey, authorityKey, cluster };
  }
  throw malformed('an answer of another version of Holdfast');
}

export function parseClusterFacts(body: string): ClusterFacts {
  const facts: Partial<ClusterFacts> = Object.fromEntries(objectOf(body));
  const { name, account, publicName, loadBalancer, etcd } = facts;
  const whole =
    typeof name === 'string' && typeof account === 'string' && typeof publicName === 'string' && etcd;
  if (whole && loadBalancer !== undefined && Array.isArray(etcd.endpoints)) {
    return { name, account, publicName, loadBalancer, etcd };
  }
  throw malformed('an answer of another version of Holdfast');
}

function objectOf(body: string): Map<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) return new Map(Object.entries(value));
  } catch {
    // told below
  }
  throw malformed('not a JSON object');
}

function addressesOf(value: unknown): NodeAddresses {
  if (typeof value !== 'object' || value === null) throw malformed('addresses is missing');
  const fields = new Map<string, unknown>(Object.entries(value));
  const host = fields.get('host');
  const port = (name: string): number => {
    const found = fields.get(name);
    if (typeof found === 'number') return found;
    throw malformed(`addresses.${name} is missing`);
  };
  const portOrNone = (name: string): number | null => (fields.get(name) === null ? null : port(name));
  if (typeof host !== 'string') throw malformed('addresses.host is missing');
  return {
    host,
    api: port('api'),
    peer: port('peer'),
    data: port('data'),
    audit: port('audit'),
    agent: port('agent'),
    etcdClient: portOrNone('etcdClient'),
    etcdPeer: portOrNone('etcdPeer'),
  };
}

function malformed(why: string): Problem {
  return new Problem('request_malformed', `The join request cannot be read: ${why}.`);
}
