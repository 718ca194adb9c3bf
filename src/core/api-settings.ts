import type { ForwardTarget } from './audit/forward-target.ts';

/** How the API of a node behaves where operators may differ. Every field has a default; see `defaultApiSettings`. */
export interface ApiSettings {
  /** Lifetime of the access tokens of users, seconds. */
  readonly userTokenTtlSeconds: number;
  /** Lifetime of the access tokens of everything that is no user, seconds. */
  readonly hostTokenTtlSeconds: number;
  /** Networks (CIDR) of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Authenticators switched on for all accounts beside `authn` (`authn-jwt/ci`). Empty: those switched on in the database. */
  readonly authenticators: readonly string[];
  /** Entries that a list without `limit` may hold, and the most that `limit` may say. */
  readonly listLimitMax: number;
  /** Whether hosts get an API key without asking for it by the annotation `authn/api-key: true`. */
  readonly hostApiKeys: boolean;
  /** Whether host factories may be used. */
  readonly hostFactories: boolean;
  /** Depth of policies, and number of rows, that `GET /policies` answers at most. */
  readonly effectivePolicyDepthMax: number;
  readonly effectivePolicyRowsMax: number;
  /** Whether there are issuers and dynamic secrets. */
  readonly dynamicSecrets: boolean;
  /** Whether there are metrics for Prometheus. */
  readonly telemetry: boolean;
  /** What a follower does with writes: to the master with them, or no. */
  readonly followerWrites: 'pass-on' | 'refuse';
  /** Data of a follower that is older is too old, seconds; null: none is. */
  readonly followerMaxStalenessSeconds: number | null;
  /** What a follower does whose data is too old: it says so, or serves nobody. */
  readonly followerWhenStale: 'degrade' | 'refuse';
  /** How long a read that names a position waits for it, milliseconds. */
  readonly positionWaitMs: number;
  /** How long audit records are kept at least, days; null: for good. */
  readonly auditRetentionDays: number | null;
  /** What the audit trail may take on the disk before its oldest records go, MiB; null: as much as there is. */
  readonly auditRetentionMebibytes: number | null;
  /** What a follower's own trail may take until the master has it, MiB; null: as much as there is. */
  readonly auditSpaceMebibytes: number | null;
  /** So much of the disk a follower's own trail leaves free, MiB. */
  readonly auditMinFreeMebibytes: number;
  /** What a follower does whose trail has no room: it serves nobody, or counts what it does not record. */
  readonly auditWhenFull: 'refuse' | 'drop';
  /** Where the master forwards the audit trail to. */
  readonly auditForward: readonly ForwardTarget[];
  /** File of the certificates that targets over TLS are believed by; null: those that the system believes. */
  readonly auditForwardCa: string | null;
  /** Files of the certificate and key that are shown to targets over TLS; null: none. */
  readonly auditForwardCert: string | null;
  readonly auditForwardKey: string | null;
}

export const defaultApiSettings: ApiSettings = {
  userTokenTtlSeconds: 480,
  hostTokenTtlSeconds: 480,
  trustedProxies: [],
  authenticators: [],
  listLimitMax: 1000,
  hostApiKeys: true,
  hostFactories: true,
  effectivePolicyDepthMax: 64,
  effectivePolicyRowsMax: 100_000,
  dynamicSecrets: false,
  telemetry: false,
  followerWrites: 'pass-on',
  followerMaxStalenessSeconds: null,
  followerWhenStale: 'degrade',
  positionWaitMs: 2000,
  auditRetentionDays: null,
  auditRetentionMebibytes: null,
  auditSpaceMebibytes: null,
  auditMinFreeMebibytes: 64,
  auditWhenFull: 'refuse',
  auditForward: [],
  auditForwardCa: null,
  auditForwardCert: null,
  auditForwardKey: null,
};
