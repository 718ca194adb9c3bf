import type { PeerAddress, WorkerSettings } from './serving.ts';

/** What the courier of a follower is started with: its first IPC message. No secret is in it, only the names of files. */
export type CourierSettings = Pick<WorkerSettings, 'nodeName' | 'tls' | 'logLevel'> & {
  readonly postgres: Pick<WorkerSettings['postgres'], 'socketDir' | 'auditPort'>;
};

/** Agent to courier, over the IPC channel of the child process. */
export type CourierCommand =
  | { readonly kind: 'settings'; readonly settings: CourierSettings }
  | { readonly kind: 'master'; readonly master: readonly PeerAddress[] };

/** Courier to agent: how many records the master lacks, as far as is known. */
export interface CourierEvent {
  readonly kind: 'backlog';
  readonly records: number;
}
