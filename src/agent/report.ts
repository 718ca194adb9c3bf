import type { Decision } from '../core/failover/action.ts';
import type { InstanceReportEntry, MemberReport } from '../core/failover/cluster-state.ts';
import type { Memory } from '../core/failover/memory.ts';
import type { InstanceView } from '../core/failover/view.ts';
import { formatLsn } from '../core/lsn.ts';
import type { ServingState } from '../core/serving.ts';
import type { InstanceReport } from '../instance/observe.ts';
import type { AgentState } from './agent-state.ts';
import { masterAddresses, peerAddress } from './master-address.ts';
import type { Sight } from './observe.ts';

/** What this node tells the others of itself. */
export function memberReport(state: AgentState, sight: Sight, decision: Decision<Memory>): MemberReport {
  const { view } = sight;
  const { config } = state.node;
  const lock = view.cluster?.promotion ?? null;
  const detached = [view.instances.data, view.instances.audit].every(
    (i) => i.state === 'running' && i.primary === null && !i.receiving,
  );
  return {
    name: config.name,
    bootId: state.node.bootId,
    kind: config.kind,
    role: decision.serving.role,
    because: decision.because,
    addresses: config.addresses,
    instances: { data: entry(view.instances.data), audit: entry(view.instances.audit) },
    detachedFor: lock !== null && detached ? lock.createRevision : null,
    marker: view.marker,
    ailment: view.ailment,
  };
}

function entry(instance: InstanceView): InstanceReportEntry {
  return {
    state: instance.state,
    timeline: instance.timeline,
    receivedLsn: instance.lsn,
    streaming: instance.streaming,
  };
}

/** What the API workers are told this turn: role, gate, deadline, and the body of `/health`. */
export function servingState(
  state: AgentState,
  sight: Sight,
  decision: Decision<Memory>,
  ttlMs: number,
): ServingState {
  const { serving, because } = decision;
  const { view } = sight;
  const cluster = view.cluster ?? state.lastCluster;
  const { handOver, givingUp, leading, passTo } = decision.memory;
  // A master that hands over still owes the answers to what it has let in.
  const owes = serving.role === 'master' || handOver !== null;
  const authorityUntil = owes ? view.authorityUntil : null;
  // Clients are well looked after where their requests are held and passed on; the worker says when that is over.
  const handsOver = serving.role !== 'master' && serving.writes === 'held';
  const refuses = isAuditFull(state) && state.node.apiSettings.auditWhenFull === 'refuse';
  const ok =
    (serving.role === 'follower' && !refuses) ||
    (serving.role === 'master' && authorityUntil !== null) ||
    handsOver;
  return {
    role: serving.role,
    term: leading?.term ?? cluster?.sync.value.term ?? 0,
    authorityUntil,
    writes: serving.writes,
    successor: peerAddress(cluster, serving.successor),
    heir: peerAddress(cluster, handOver?.to ?? givingUp?.successor),
    handsOver: handOver !== null || givingUp !== null || (passTo !== null && leading === null),
    master: serving.role === 'follower' ? masterAddresses(state.node.config, cluster) : [],
    members: cluster?.config.value.members.map(({ name }) => name) ?? [],
    data: { asOf: state.freshness.asOf, timeline: view.instances.data.timeline },
    because,
    audit: {
      queued: queuedRecords(state, serving.role),
      isFull: isAuditFull(state),
      forwards: serving.role === 'master' ? (state.auditKeeper.report?.forwards ?? {}) : {},
    },
    health: { ok, body: healthBody(state, sight, decision, ok) },
    replicationOpen: serving.replicationOpen && view.authorityUntil !== null,
    sentAt: view.now,
    validForMs: ttlMs,
  };
}

/** Of a follower: there is no room for what the master does not have yet. */
function isAuditFull({ auditKeeper }: AgentState): boolean {
  return auditKeeper.report?.isFull === true;
}

/** Of a follower: how many of its records the master lacks. */
function queuedRecords({ auditKeeper }: AgentState, role: ServingState['role']): number | null {
  return role === 'follower' ? (auditKeeper.report?.backlog ?? null) : null;
}

/** Conjur's shape, with the truth per role. */
function healthBody(
  state: AgentState,
  sight: Sight,
  decision: Decision<Memory>,
  ok: boolean,
): Readonly<Record<string, unknown>> {
  const { role } = decision.serving;
  const { view, reports } = sight;
  const cluster = view.cluster ?? state.lastCluster;
  const streaming = view.instances.data.streaming;
  const lonely = role === 'master' && decision.memory.leading?.lonelySince !== null;
  const stale = role === 'follower' && !streaming;
  return {
    ok,
    degraded: lonely || stale || view.cluster === null || isAuditFull(state),
    role,
    node: state.node.config.name,
    database: {
      ok: view.instances.data.state === 'running',
      replication_status: replicationStatus(reports.data),
    },
    audit: {
      ok: view.instances.audit.state === 'running' && !isAuditFull(state),
      ...(role === 'follower' ? { queued: queuedRecords(state, role) } : {}),
    },
    cluster: {
      ok: view.cluster !== null,
      term: cluster?.sync.value.term ?? null,
      master: cluster?.leader?.value.name ?? null,
      standbys: cluster?.sync.value.standbys ?? [],
      message: decision.because,
    },
  };
}

function replicationStatus(report: InstanceReport): Readonly<Record<string, unknown>> {
  if (report.state !== 'running') return { state: report.state };
  if (report.inRecovery) {
    return {
      streaming: report.walReceiver?.status === 'streaming',
      received_lsn: report.receivedLsn === null ? null : formatLsn(report.receivedLsn),
      replayed_lsn: report.replayedLsn === null ? null : formatLsn(report.replayedLsn),
      last_replayed_transaction_age_seconds: report.lastReplayAgeSeconds,
    };
  }
  const current = report.currentLsn;
  return {
    pg_current_wal_lsn: current === null ? null : formatLsn(current),
    pg_stat_replication: report.replication.map((row) => ({
      application_name: row.applicationName,
      state: row.state,
      sync_state: row.syncState,
      flush_lsn: row.flushLsn === null ? null : formatLsn(row.flushLsn),
      replication_lag_bytes:
        current === null || row.replayLsn === null ? null : Number(current - row.replayLsn),
    })),
  };
}
