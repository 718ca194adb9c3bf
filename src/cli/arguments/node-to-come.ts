import type { DeclaredMember } from '../../core/failover/cluster-state.ts';
import { Problem } from '../../core/problem.ts';
import { portNumber } from './numbers.ts';
import { planPorts } from './ports.ts';

/** A node that the cluster does not know yet. */
export type NodeToCome = DeclaredMember;

const kinds = ['standby', 'asynchronous', 'follower'] as const;

/** Reads `name:kind:host:base` (an IPv6 address in brackets). */
export function nodeToCome(field: string): (text: string) => NodeToCome {
  return (text) => {
    const [, name, word, bracketed, plain, base] =
      /^([^:\s]+):([^:\s]+):(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+)):(\d+)$/u.exec(text) ?? [];
    const kind = kinds.find((known) => known === word);
    const host = bracketed ?? plain;
    if (name === undefined || kind === undefined || host === undefined || base === undefined) {
      throw new Problem(
        'usage',
        `${field}: "${text}" is not NAME:KIND:HOST:BASE with a kind of ${kinds.join(', ')}, as in db2:standby:10.0.0.2:8400.`,
      );
    }
    return { name, kind, addresses: { host, ...planPorts({ ports: portNumber(field)(base) }) } };
  };
}
