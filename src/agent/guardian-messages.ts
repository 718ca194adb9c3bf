import type { EtcdSettings } from '../coordination/etcd-settings.ts';
import type { Instant } from '../core/clock.ts';

/** Agent to guardian, over the IPC channel between them. */
export type AgentMessage =
  /** Authority ends then (null: there is none): past it the guardian kills. Acknowledged by number. */
  | {
      readonly kind: 'authority';
      readonly until: Instant | null;
      readonly leaderRevision: number | null;
      readonly term: number;
      readonly seq: number;
    }
  | { readonly kind: 'boot'; readonly bootId: string }
  /** Said each turn: an agent that is silent for long is killed. Acknowledged by number. */
  | { readonly kind: 'ping'; readonly seq: number }
  | { readonly kind: 'etcd-start'; readonly settings: EtcdSettings }
  | { readonly kind: 'etcd-stop' };

/** Guardian to agent. */
export type GuardianMessage =
  | { readonly kind: 'acknowledged'; readonly seq: number }
  | { readonly kind: 'etcd-running' }
  | { readonly kind: 'etcd-ended'; readonly code: string; readonly detail: string }
  | { readonly kind: 'stop' };
