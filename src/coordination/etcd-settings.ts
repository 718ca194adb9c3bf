import { Problem } from '../core/problem.ts';
import type { EtcdTlsFiles } from './etcd-endpoints.ts';

/** How this member's cluster comes about. */
export type EtcdStart =
  /** The first members of a new cluster. */
  | { readonly kind: 'new' }
  /** A member that was added to a running cluster and starts for the first time, with an empty directory. */
  | { readonly kind: 'join' }
  /** A member that has run before: its directory must be there. */
  | { readonly kind: 'resume' };

export interface EtcdSettings {
  /** This member's name, unique in the cluster. */
  readonly name: string;
  readonly dataDir: string;
  /** `https://host:port` that clients reach this member at, and that it listens on. */
  readonly clientUrl: string;
  /** `https://host:port` that other members reach this one at. */
  readonly peerUrl: string;
  /** Where to listen when that differs from the advertised URLs (behind an address translation, on every interface). */
  readonly listenClientUrls?: readonly string[];
  readonly listenPeerUrls?: readonly string[];
  /** Its certificate needs serverAuth and clientAuth: etcd's JSON gateway dials etcd itself with it. */
  readonly clientTls: EtcdTlsFiles;
  readonly peerTls: EtcdTlsFiles;
  /** Name → peer URL of all members that the cluster has at that moment, this one included. */
  readonly initialCluster: Readonly<Record<string, string>>;
  /** Keeps two clusters that are set up alike apart. */
  readonly clusterToken: string;
  readonly start: EtcdStart;
  /** Milliseconds between heartbeats of the leader; 50 by default. */
  readonly heartbeatMs?: number;
  /** Milliseconds without one until an election; 500 by default. */
  readonly electionTimeoutMs?: number;
  /** Minutes of history that are kept for watches; 30 by default. */
  readonly historyMinutes?: number;
  /** Size of the database from which on writes are refused, in bytes; 512 MiB by default. */
  readonly quotaBytes?: number;
  /** Entries of the log between two snapshots; 10 000 by default, which also bounds the memory that the log takes. */
  readonly snapshotCount?: number;
}

/** The command line for one member. Nothing secret stands in it: keys are named by file. @throws Problem `config_invalid` */
export function etcdArguments(settings: EtcdSettings): readonly string[] {
  checkSettings(settings);
  const members = Object.entries(settings.initialCluster).map(([name, url]) => `${name}=${url}`);
  const options: Readonly<Record<string, string>> = {
    name: settings.name,
    'data-dir': settings.dataDir,
    'listen-client-urls': listenClientUrls(settings).join(','),
    'advertise-client-urls': settings.clientUrl,
    'listen-peer-urls': listenPeerUrls(settings).join(','),
    'initial-advertise-peer-urls': settings.peerUrl,
    'initial-cluster': members.join(','),
    'initial-cluster-state': settings.start.kind === 'new' ? 'new' : 'existing',
    'initial-cluster-token': settings.clusterToken,
    'cert-file': settings.clientTls.certFile,
    'key-file': settings.clientTls.keyFile,
    'trusted-ca-file': settings.clientTls.caFile,
    'client-cert-auth': 'true',
    'peer-cert-file': settings.peerTls.certFile,
    'peer-key-file': settings.peerTls.keyFile,
    'peer-trusted-ca-file': settings.peerTls.caFile,
    'peer-client-cert-auth': 'true',
    'heartbeat-interval': String(settings.heartbeatMs ?? 50),
    'election-timeout': String(settings.electionTimeoutMs ?? 500),
    // A member that comes back from a partition must not unseat a leader that the others still hear (default from 3.5 on).
    'pre-vote': 'true',
    'auto-compaction-mode': 'periodic',
    'auto-compaction-retention': `${settings.historyMinutes ?? 30}m`,
    'quota-backend-bytes': String(settings.quotaBytes ?? 512 * 1024 * 1024),
    'snapshot-count': String(settings.snapshotCount ?? 10_000),
    logger: 'zap',
    'log-outputs': 'stderr',
    'log-level': 'warn',
  };
  return ['etcd', ...Object.entries(options).map(([option, value]) => `--${option}=${value}`)];
}

export function listenClientUrls(settings: EtcdSettings): readonly string[] {
  return settings.listenClientUrls ?? [settings.clientUrl];
}

export function listenPeerUrls(settings: EtcdSettings): readonly string[] {
  return settings.listenPeerUrls ?? [settings.peerUrl];
}

function checkSettings(settings: EtcdSettings): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(settings.name)) {
    throw invalid(`name: "${settings.name}" must be letters, digits, ".", "_" or "-", at most 63`);
  }
  const urls = [
    settings.clientUrl,
    settings.peerUrl,
    ...listenClientUrls(settings),
    ...listenPeerUrls(settings),
  ];
  for (const url of [...urls, ...Object.values(settings.initialCluster)]) {
    if (!URL.canParse(url) || new URL(url).protocol !== 'https:' || /[,\s]/.test(url)) {
      throw invalid(`"${url}" must be written as https://host:port`);
    }
  }
  if (settings.initialCluster[settings.name] !== settings.peerUrl) {
    throw invalid(
      `initialCluster: it must hold this member (${settings.name}) with its peer URL ${settings.peerUrl}`,
    );
  }
  const heartbeatMs = settings.heartbeatMs ?? 50;
  const electionTimeoutMs = settings.electionTimeoutMs ?? 500;
  if (electionTimeoutMs < 5 * heartbeatMs || electionTimeoutMs > 50_000) {
    throw invalid(
      `electionTimeoutMs: ${electionTimeoutMs} must be from five heartbeats (${5 * heartbeatMs}) to 50000`,
    );
  }
}

function invalid(because: string): Problem {
  return new Problem('config_invalid', `etcd settings: ${because}.`);
}
