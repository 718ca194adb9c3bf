import type {
  ClusterState,
  DeclaredMember,
  InstanceName,
  MemberReport,
} from '../core/failover/cluster-state.ts';
import { isStreaming, liveMaster, roleOf } from './cluster-roles.ts';
import { clusterAdvice, unprotectedBecause } from './cluster-advice.ts';
import type { ClusterStatus, NodeStatus } from './operations.ts';

/** What was gathered for a status: nothing of it is older than the call. */
export interface StatusFacts {
  readonly cluster: string;
  readonly state: ClusterState;
  /** Empty where the members could not be asked. */
  readonly etcd: ClusterStatus['etcd'];
  readonly etcdMode: 'own' | 'external';
  /** Sentences about this node's certificates that need somebody's attention. */
  readonly certificates: readonly string[];
}

/** The cluster as people see it. Pure. */
export function describeCluster(facts: StatusFacts): ClusterStatus {
  const { state, etcd } = facts;
  const { config, sync } = state;
  const why = unprotectedBecause(facts);
  return {
    cluster: facts.cluster,
    term: sync.value.term,
    master: liveMaster(state),
    protected: why.length === 0,
    advice: [...why, ...clusterAdvice(facts)],
    ttlMs: config.value.ttlMs,
    etcd,
    nodes: config.value.members.map((member) => describeNode(member, state)),
  };
}

function describeNode(member: DeclaredMember, state: ClusterState): NodeStatus {
  const { name, kind, addresses } = member;
  const report = state.members.get(name)?.value ?? null;
  const role = roleOf(name, state);
  return {
    name,
    kind,
    role,
    synchronous: state.sync.value.standbys.includes(name) && role !== 'master',
    evicted: state.evicted.get(name)?.value.reason ?? null,
    because: report?.because ?? 'it has not reported for a while: down, or cut off',
    streaming: report !== null && role !== 'master' && isStreaming(report),
    timelines: report === null ? null : timelinesOf(report),
    lagBytes: lagOf(member, report, state),
    address: `${addresses.host.includes(':') ? `[${addresses.host}]` : addresses.host}:${addresses.api}`,
  };
}

/** Of *data* and *audit*: `4/4`. A follower's *audit* is its own and is left out. */
function timelinesOf({ kind, instances }: MemberReport): string | null {
  const shown = kind === 'follower' ? [instances.data] : [instances.data, instances.audit];
  if (shown.every((one) => one === null || one.timeline === null)) return null;
  return shown.map((one) => one?.timeline ?? '?').join('/');
}

function lagOf(
  member: DeclaredMember,
  report: MemberReport | null,
  state: ClusterState,
): NodeStatus['lagBytes'] {
  const master = liveMaster(state);
  if (master === member.name) return { data: 0, audit: 0 };
  const ahead = master === null ? null : (state.members.get(master)?.value ?? null);
  if (ahead === null || report === null) return { data: null, audit: null };
  const lag = (name: InstanceName): number | null => {
    const [theirs, ours] = [ahead.instances[name], report.instances[name]];
    // Positions on different timelines cannot be compared.
    if (theirs === null || ours === null || theirs.timeline !== ours.timeline) return null;
    if (theirs.receivedLsn === null || ours.receivedLsn === null) return null;
    const bytes = theirs.receivedLsn - ours.receivedLsn;
    return bytes < 0n ? 0 : Number(bytes); // the two reports are not of the same moment
  };
  return { data: lag('data'), audit: member.kind === 'follower' ? null : lag('audit') };
}
