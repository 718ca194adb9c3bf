import type { ClusterState, DeclaredMember, MemberReport } from '../core/failover/cluster-state.ts';
import type { NodeStatus } from './operations.ts';

type Role = NodeStatus['role'];
const reportedRoles: readonly Role[] = ['standby', 'follower', 'starting'];

/**
 * What a node is, by the leader record and by its own live report. At most one node is master: the one whose leader key
 * stands, in the term that was claimed last, and whose agent still reports.
 */
export function roleOf(name: string, state: ClusterState): Role {
  const report = state.members.get(name)?.value;
  if (report === undefined) return 'down';
  if (isMaster(name, state)) return 'master';
  return reportedRoles.find((role) => role === report.role) ?? 'starting';
}

/** The name of the live master; null: there is none right now. */
export function liveMaster(state: ClusterState): string | null {
  const name = state.leader?.value.name;
  return name !== undefined && state.members.has(name) && isMaster(name, state) ? name : null;
}

function isMaster(name: string, { leader, sync }: ClusterState): boolean {
  return leader !== null && leader.value.name === name && leader.value.term === sync.value.term;
}

/** Whether a node replicates what its kind replicates. */
export function isStreaming(report: MemberReport): boolean {
  const { data, audit } = report.instances;
  const dataStreams = data?.streaming === true;
  return report.kind === 'follower' ? dataStreams : dataStreams && audit?.streaming === true;
}

/** Standbys that hold every acknowledged write, are up, and stream from the master now. */
export function liveConfirmed(state: ClusterState): readonly string[] {
  return state.sync.value.standbys.filter((name) => {
    const report = state.members.get(name)?.value;
    return report !== undefined && isStreaming(report) && !report.marker;
  });
}

export function standbysOf(state: ClusterState): readonly DeclaredMember[] {
  const { master } = state.sync.value;
  return state.config.value.members.filter(({ name, kind }) => kind === 'standby' && name !== master);
}
