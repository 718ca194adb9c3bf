import type { LoadBalancerAddress } from '../../core/failover/cluster-state.ts';
import { Problem } from '../../core/problem.ts';
import { portNumber } from './numbers.ts';

/** Reads `host:api:data:audit[:peer]` (an IPv6 address in brackets). */
export function loadBalancerAddress(field: string): (text: string) => LoadBalancerAddress {
  return (text) => {
    const [, bracketed, plain, ...ports] =
      /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+)):(\d+):(\d+):(\d+)(?::(\d+))?$/u.exec(text) ?? [];
    const host = bracketed ?? plain;
    if (host === undefined) {
      throw new Problem(
        'usage',
        `${field}: "${text}" is not HOST:API:DATA:AUDIT:PEER, the load balancer's host and its ports for the API, the two PostgreSQL instances and the API between nodes (which may be left out), as in vault.example.com:443:5432:5433:8444.`,
      );
    }
    const [api = 0, data = 0, audit = 0, peer] = ports
      .filter((port) => port !== undefined)
      .map((port) => portNumber(field)(port));
    return { host, api, data, audit, ...(peer === undefined ? {} : { peer }) };
  };
}
