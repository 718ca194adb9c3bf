import { join } from 'node:path';
import type { Logger } from '../runtime/log.ts';
import type { SystemUser } from '../runtime/run-as.ts';

/** Which of a node's two PostgreSQL instances. */
export type InstanceName = 'data' | 'audit';

/** Files of mutual TLS, readable by the user that PostgreSQL runs as; the key 0600 and owned by that user. */
export interface TlsFiles {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Everything that stays the same for one local instance, given by the caller. */
export interface InstanceSettings {
  readonly name: InstanceName;
  readonly clusterName: string;
  /** This node's name: what its walreceiver calls itself, and so what `synchronous_standby_names` lists. */
  readonly nodeName: string;
  /** Holds `pgdata`, and moved-aside or half-made directories and markers beside it. Owned by `runAs`. */
  readonly dir: string;
  readonly port: number;
  /** Address that the instance listens on, for other nodes; `127.0.0.1` for none. */
  readonly listenHost: string;
  readonly socketDir: string;
  readonly binDir: string;
  readonly runAs: SystemUser | null;
  readonly tls: TlsFiles;
  readonly log: Logger;
  /** PostgreSQL parameters on top of the defaults of `configuration.ts`. Those that replication depends on cannot be set. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Another node's instance, as a source to stream, copy or rewind from. */
export interface Upstream {
  /** The name that its certificate must carry. */
  readonly certificateName: string;
  /** Where to connect: an IP address, or a host name that the certificate carries too. */
  readonly address: string;
  readonly port: number;
}

/** Bootstrap superuser; only over the unix socket. */
export const superuser = 'holdfast';
/** Owner of the database; what the API workers log in as. */
export const apiRole = 'holdfast_api';
export const replicationRole = 'holdfast_replication';
export const rewindRole = 'holdfast_rewind';
export const databaseName = 'holdfast';

type Place = Pick<InstanceSettings, 'dir'>;

/** The live data directory. */
export function pgdata(settings: Place): string {
  return join(settings.dir, 'pgdata');
}

/** A file in the live data directory. */
export function inPgdata(settings: Place, ...path: readonly string[]): string {
  return join(settings.dir, 'pgdata', ...path);
}

/** A file or directory beside the live data directory. */
export function beside(settings: Place, name: string): string {
  return join(settings.dir, name);
}
