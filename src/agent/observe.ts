import type { ClusterState, InstanceName, NodeKind } from '../core/failover/cluster-state.ts';
import type { InstanceView, ReplicaView, TaskView, View } from '../core/failover/view.ts';
import type { InstanceReport } from '../instance/observe.ts';
import { observe } from '../instance/observe.ts';
import { realClock } from '../runtime/real-clock.ts';
import { type AgentState, defaultTtlMs } from './agent-state.ts';

/** What the turn saw of the two instances beyond what `decide` needs: for reports and `/health`. */
export interface Sight {
  readonly view: View;
  readonly reports: Readonly<Record<InstanceName, InstanceReport>>;
}

/** Gathers everything `decide` may know, once and side by side, within `timeoutMs`. Never throws. */
export async function lookAround(
  state: AgentState,
  readCluster: () => Promise<ClusterState | null>,
  timeoutMs: number,
): Promise<Sight> {
  // Read first: a task that ends while the instances are looked at still counts as running, or what it made would be missed.
  const task = state.task.view;
  const repairing = isRepairing(task);
  const [cluster, data, audit] = await Promise.all([
    readCluster(),
    lookAt(state, 'data', timeoutMs),
    lookAt(state, 'audit', timeoutMs),
  ]);
  const { node } = state;
  const ttlMs = (cluster ?? state.lastCluster)?.config.value.ttlMs ?? defaultTtlMs;
  const view: View = {
    now: realClock.now(),
    self: {
      name: node.config.name,
      kind: declaredKind(state, cluster),
      bootId: node.bootId,
      hostId: node.hostId,
    },
    cluster,
    instances: { data: data.view, audit: audit.view },
    strays: !repairing && (data.strays || audit.strays),
    record: state.record,
    marker: state.copyNeeded || halfDone(data.report) || halfDone(audit.report),
    unproven: unproven(data.report) || unproven(audit.report),
    task,
    guardian: state.guardian.state(ttlMs),
    authorityUntil: state.authority.until,
    lastBeatSentAt: state.authority.lastBeatSentAt,
    workers: { obeying: state.workers.obeying, writesUnderWay: state.workers.writesUnderWay },
    ailment: state.ailment ?? state.workers.ailment,
    stopRequested: state.guardian.stopRequested,
  };
  return { view, reports: { data: data.report, audit: audit.report } };
}

/** The programs of a rewind or copy work in the instance's directory too: they are no strays. */
function isRepairing(task: TaskView | null): boolean {
  return task?.state === 'running' && (task.kind === 'rewind' || task.kind === 'copy');
}

/** What the cluster declares this node to be: an operator's forced failover makes an asynchronous standby a candidate. */
function declaredKind(state: AgentState, cluster: ClusterState | null): NodeKind {
  const { name, kind } = state.node.config;
  const members = (cluster ?? state.lastCluster)?.config.value.members ?? [];
  return members.find((member) => member.name === name)?.kind ?? kind;
}

interface Look {
  readonly view: InstanceView;
  readonly report: InstanceReport;
  readonly strays: boolean;
}

async function lookAt(state: AgentState, name: InstanceName, timeoutMs: number): Promise<Look> {
  const slot = state.instances.slot(name);
  const { running } = slot;
  const settings = state.node.instances[name];
  const report = await observe({ settings, running }, { timeoutMs, control: false });
  const alive = running !== null && running.ended === null;
  // Without a postmaster of ours, what lives in the directory is from an earlier life, or outlived a kill.
  const strays = report.state === 'unresponsive' && report.strays && !alive;
  if (report.state !== 'running') {
    const primary = report.state === 'starting' ? slot.target : null;
    const { earlyEnds } = slot;
    const view = { ...nothingKnown, primary, earlyEnds, state: strays ? ('stopped' as const) : report.state };
    return { view, report, strays };
  }
  const lineage = report.inRecovery ? [] : await state.instances.lineage(name, report.timeline);
  const view: InstanceView = {
    state: 'running',
    earlyEnds: slot.earlyEnds,
    inRecovery: report.inRecovery,
    timeline: report.timeline,
    lsn: report.inRecovery ? report.receivedLsn : report.currentLsn,
    // A string that nobody is known to have meant points at somebody all the same.
    primary: report.primaryConninfo === '' ? null : (slot.target ?? '?'),
    receiving: report.walReceiverAlive || report.walReceiver !== null,
    streaming: report.walReceiver?.status === 'streaming',
    requiredNames: namesInEffect(slot.names, report.synchronousStandbyNames),
    replicas: report.replication.map(replicaView),
    lineage,
  };
  return { view, report, strays };
}

/** What the last change was seen to put in effect everywhere; if that is unknown, or not what is configured, nothing. */
function namesInEffect(known: readonly string[] | null, configured: readonly string[]): readonly string[] {
  const same =
    known !== null && known.length === configured.length && known.every((n) => configured.includes(n));
  return same ? known : ['?'];
}

function replicaView(row: Extract<InstanceReport, { state: 'running' }>['replication'][number]): ReplicaView {
  return {
    name: row.applicationName,
    streaming: row.state === 'streaming',
    flushLsn: row.flushLsn,
    synchronous: row.syncPriority > 0,
  };
}

function halfDone(report: InstanceReport): boolean {
  return report.interruption !== null && !report.interruption.startable;
}

function unproven(report: InstanceReport): boolean {
  return report.interruption?.startable === true;
}

const nothingKnown: Omit<InstanceView, 'state'> = {
  earlyEnds: 0,
  inRecovery: false,
  timeline: null,
  lsn: null,
  primary: null,
  receiving: false,
  streaming: false,
  requiredNames: [],
  replicas: [],
  lineage: [],
};
