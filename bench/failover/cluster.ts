import type { EtcdMembership } from '../../src/coordination/membership.ts';
import type { EventName } from './contenders.ts';
import type { Entry, Write } from './writers.ts';

/** A cluster of three nodes that is raced, with an etcd member on each of them, behind HAProxy. */
export interface RacingCluster {
  /** Makes and starts everything. What was started is ended by `stop`, also when this fails. */
  readonly start: () => Promise<void>;
  /** Waits until it could lose its master again. @returns the name of the master's node */
  readonly whole: () => Promise<string>;
  /** Through the load balancer. */
  readonly write: Write;
  /** How many of these acknowledged writes are not there any more. Call it when the cluster is whole. */
  readonly lost: (acknowledged: readonly Entry[]) => Promise<number>;
  readonly etcd: () => EtcdMembership;
  /** How long a new leader of etcd must have led before leases and beats are as usual again. Milliseconds. */
  readonly settlesAfterMs: number;
  /** Makes the event happen, and sees that it did. */
  readonly strike: (event: EventName, master: string) => Promise<void>;
  /** Whether a node's own port, past the load balancer, acknowledges a write now. */
  readonly acceptsWrites: (node: string) => Promise<boolean>;
  /** Starts again whatever was killed. */
  readonly heal: () => Promise<void>;
  /** Ends every process and removes every file. Never throws. */
  readonly stop: () => Promise<void>;
}
