import type { ClusterState, InstanceReportEntry, MemberReport, NodeAddresses } from '../cluster-state.ts';
import type { InstanceView, View } from '../view.ts';
import type { ModelInstance } from './model-instance.ts';
import { timelineOf } from './model-log.ts';
import type { ModelNode } from './model-node.ts';

export const nowhere: NodeAddresses = {
  host: 'model',
  api: 0,
  peer: 0,
  data: 0,
  audit: 0,
  agent: 0,
  etcdClient: null,
  etcdPeer: null,
};

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

/** What a turn of `node` sees. */
export function viewOf(node: ModelNode, cluster: ClusterState | null): View {
  const { data, audit } = node.instances;
  return {
    now: node.clock(),
    self: { name: node.name, kind: node.kind, bootId: node.bootId, hostId: node.name },
    cluster,
    instances: { data: instanceView(node, data), audit: instanceView(node, audit) },
    strays: isStray(node, data) || isStray(node, audit),
    record: node.record,
    marker: node.copyNeeded || node.copying || data.ruined || audit.ruined,
    unproven: data.unproven || audit.unproven,
    task: node.task,
    guardian: node.guardian === 'dead' ? 'gone' : 'watching',
    authorityUntil: node.authorityUntil,
    lastBeatSentAt: node.lastBeatSentAt,
    workers: { obeying: true, writesUnderWay: data.waiting + audit.waiting },
    ailment: node.ailment,
    stopRequested: node.stopRequested,
  };
}

/** Alive, but of an earlier life of the agent, or beyond a kill. */
function isStray(node: ModelNode, instance: ModelInstance): boolean {
  return instance.up && (instance.life !== node.life || node.killFailed);
}

function instanceView(node: ModelNode, instance: ModelInstance): InstanceView {
  if (!instance.present) return { ...nothingKnown, state: 'absent' };
  if (instance.starting) return { ...nothingKnown, state: 'starting' };
  if (!instance.up || isStray(node, instance))
    return { ...nothingKnown, earlyEnds: instance.earlyEnds, state: 'stopped' };
  if (instance.frozen !== 'no') return { ...nothingKnown, state: 'unresponsive' };
  if (instance.needsLog) return { ...nothingKnown, state: 'starting', primary: instance.primary };
  return {
    state: 'running',
    earlyEnds: instance.earlyEnds,
    inRecovery: instance.recovery,
    timeline: timelineOf(instance.log),
    lsn: BigInt(instance.log.lsn),
    primary: instance.primary,
    receiving: instance.receiving && !(node.edge.keepsReceivers === true && instance.primary === null),
    streaming: instance.receiving,
    requiredNames: instance.namesKnown || node.edge.showsNamesEarly === true ? instance.wantedNames : ['?'],
    replicas: instance.replicas.map((link) => ({
      name: link.replica.node,
      streaming: true,
      flushLsn: link.flush === null ? null : BigInt(link.flush),
      synchronous: instance.names.includes(link.replica.node),
    })),
    lineage: instance.recovery ? [] : instance.log.lineage,
  };
}

/** What `node` says of itself after a turn. */
export function reportOf(node: ModelNode, view: View, role: string): MemberReport {
  const { data, audit } = view.instances;
  const detached = [data, audit].every((i) => i.state === 'running' && i.primary === null && !i.receiving);
  return {
    name: node.name,
    bootId: node.bootId,
    kind: node.kind,
    role,
    because: '',
    addresses: nowhere,
    instances: { data: entryOf(data), audit: entryOf(audit) },
    detachedFor: detached ? (view.cluster?.promotion?.createRevision ?? null) : null,
    marker: view.marker,
    ailment: view.ailment,
  };
}

function entryOf(view: InstanceView): InstanceReportEntry {
  return { state: view.state, timeline: view.timeline, receivedLsn: view.lsn, streaming: view.streaming };
}
