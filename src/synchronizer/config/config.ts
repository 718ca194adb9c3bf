import type { DriftPolicy, RemovalRules } from '../../core/sync/rules.ts';
import type { ElectionSettings } from '../election/settings.ts';

/** The configuration of a synchronizer, as its file says it; files of secrets are named, and not read yet. */
export interface SyncConfig {
  /** The first part of all ids; of the vault, or how it is to be called. */
  readonly vault: string;
  /** The policy that the vault's lies in: `root`, `data`. */
  readonly branch: string;
  readonly target: TargetConfig;
  readonly source: SourceConfig;
  readonly removal: RemovalRules;
  readonly drift: DriftPolicy;
  readonly everyMs: number;
  readonly fullCheckEveryMs: number;
  readonly stateDirectory: string;
  /** Accounts whose values are written at a time. */
  readonly concurrency: number;
  /** null: this synchronizer is the only one. */
  readonly election: ElectionSettings | null;
  /** Where `sync run` answers /health and /metrics; null: nowhere. */
  readonly http: HttpConfig | null;
}

export interface HttpConfig {
  readonly host: string;
  readonly port: number;
}

export interface TargetConfig {
  readonly url: string;
  readonly account: string;
  readonly caFile: string | null;
  readonly login: string;
  readonly apiKeyFile: string;
}

export type SourceConfig = DirectoryConfig | PamConfig | VaultConfig;

export interface DirectoryConfig {
  readonly kind: 'directory';
  readonly path: string;
}

/** How calls of a vault are bounded. */
export interface WebConfig {
  readonly url: string;
  readonly caFile: string | null;
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly concurrency: number;
}

export interface PamConfig extends WebConfig {
  readonly kind: 'cyberark-pam';
  readonly properties: 'all' | 'basic';
  /** Of Privilege Cloud; null: the PVWA's own logon is used. */
  readonly identityUrl: string | null;
  readonly linesOfBusiness: readonly PamLobConfig[];
}

export interface PamLobConfig {
  readonly name: string;
  readonly method: 'Cyberark' | 'LDAP' | 'RADIUS' | 'Windows';
  readonly credentials: CredentialsConfig;
}

/** A user (or client) name with a file, or a variable of the target that holds `{"username", "password"}`. */
export type CredentialsConfig =
  | { readonly username: string; readonly passwordFile: string }
  | { readonly variable: string };

export interface VaultConfig extends WebConfig {
  readonly kind: 'vault';
  readonly linesOfBusiness: readonly VaultLobConfig[];
}

export interface VaultLobConfig {
  readonly name: string;
  readonly mount: string;
  readonly namespace: string | null;
  readonly auth:
    | { readonly kind: 'token'; readonly tokenFile: string }
    | {
        readonly kind: 'approle';
        readonly mount: string;
        readonly roleId: string;
        readonly secretIdFile: string;
      };
}
