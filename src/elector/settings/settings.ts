import type { ConsulConnection } from '../consul/connection-settings.ts';
import type { Labels } from '../consul/tags.ts';
import type { ServiceQuery } from '../consul/service.ts';
import type { LogLevel } from '../log.ts';

/** One election. */
export interface ElectionSettings {
  readonly serviceName: string;
  /** With its leading slash. */
  readonly key: string;
  readonly labels: Labels;
  readonly ttlMs: number;
  readonly renewEveryMs: number;
  readonly lockDelayMs: number;
  readonly service: ServiceQuery;
  /** The file to touch on becoming leader; null: none. */
  readonly markerFile: string | null;
  readonly heedsHealth: boolean;
  readonly sessionChecks: { readonly node: boolean; readonly service: boolean };
  readonly onElected: string | null;
  readonly onDeposed: string | null;
  readonly exec: string | null;
  readonly taskStopMs: number;
}

/** What the sidecar is told. */
export interface SidecarSettings {
  readonly connection: ConsulConnection;
  readonly logLevel: LogLevel;
  readonly http: { readonly host: string; readonly port: number } | null;
  /** At least one, each with a key of its own. */
  readonly elections: readonly ElectionSettings[];
  /** What is allowed, and should be known. */
  readonly warnings: readonly string[];
}

/** How people are told which election is meant: several may be of one service name. */
export function describeElection({
  serviceName,
  key,
}: Pick<ElectionSettings, 'serviceName' | 'key'>): string {
  return `"${serviceName}" (${key})`;
}

/** The name of an election's session, as the shell sidecar gives it: all of one election have the same. */
export function sessionName({ serviceName }: Pick<ElectionSettings, 'serviceName'>): string {
  return `Consul-Leader API Lock: ${serviceName}`;
}
