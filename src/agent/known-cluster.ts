import { join } from 'node:path';
import type {
  ClusterConfig,
  ClusterState,
  HistoryRecord,
  SyncRecord,
} from '../core/failover/cluster-state.ts';
import { decodeRecord, encodeRecord } from '../core/failover/codec.ts';
import { describeError } from '../core/problem.ts';
import type { Logger } from '../runtime/log.ts';
import { readFileIfThere, writeFileAtomically } from '../runtime/files.ts';
import type { NodeLayout } from './layout.ts';

/** `state/cluster.json`: what a node last knew of its cluster, for the day when etcd is gone for good. No secret is in it. */
export interface KnownCluster {
  readonly version: 1;
  /** When it was seen to be so, ISO 8601. */
  readonly seenAt: string;
  readonly config: ClusterConfig;
  readonly sync: SyncRecord;
  /** Who held the leader key; null: nobody. */
  readonly leader: { readonly name: string; readonly term: number } | null;
  /** The last terms, oldest first. */
  readonly history: readonly HistoryRecord[];
}

/** Terms that are kept: timelines only grow, so the last one has the highest numbers; the others are for people. */
const termsKept = 50;
/** What has not changed is written again after so long, so that `seenAt` says until when the node was in touch. */
const refreshMs = 600_000;
/** What could not be written (the disk is full) is tried again after so long. */
const retryMs = 10_000;

/**
 * Keeps `state/cluster.json` as the cluster is. What is returned is called with everything that is seen; it writes beside
 * the caller, when something that matters changed (beats and reports do not), and never fails.
 */
export function rememberCluster(node: {
  readonly layout: NodeLayout;
  readonly log: Logger;
}): (cluster: ClusterState) => void {
  let busy = false;
  let written = '';
  let tried = '';
  let triedAt = 0;
  const write = async (cluster: ClusterState): Promise<void> => {
    try {
      await writeKnownCluster(node.layout, knownOf(cluster, new Date()));
      written = tried;
    } catch (error) {
      node.log.debug(`state/cluster.json: ${describeError(error)}`);
    } finally {
      busy = false;
    }
  };
  return (cluster) => {
    const mark = markOf(cluster);
    const waited = performance.now() - triedAt;
    const due = mark === written ? waited >= refreshMs : mark !== tried || waited >= retryMs;
    if (busy || !due) return;
    busy = true;
    tried = mark;
    triedAt = performance.now();
    void write(cluster);
  };
}

/** Another text whenever something changed that is worth remembering. */
function markOf({ config, sync, leader, history }: ClusterState): string {
  const terms = history.map((record) => record.modRevision);
  return [config.modRevision, sync.modRevision, leader?.createRevision ?? 0, ...terms].join(' ');
}

function knownOf({ config, sync, leader, history }: ClusterState, seenAt: Date): KnownCluster {
  const terms = history.map(({ value }) => value).toSorted((a, b) => a.term - b.term);
  return {
    version: 1,
    seenAt: seenAt.toISOString(),
    config: config.value,
    sync: sync.value,
    leader: leader === null ? null : { name: leader.value.name, term: leader.value.term },
    history: terms.slice(-termsKept),
  };
}

export async function writeKnownCluster(layout: NodeLayout, known: KnownCluster): Promise<void> {
  await writeFileAtomically(knownFile(layout), `${encodeRecord(known)}\n`);
}

/** What was written last; null where nothing was, or it cannot be read. */
export async function readKnownCluster(layout: NodeLayout): Promise<KnownCluster | null> {
  const text = await readFileIfThere(knownFile(layout));
  const known = text === null ? null : decodeRecord<KnownCluster>(text);
  const whole = known?.version === 1 && Array.isArray(known.config?.members) && Array.isArray(known.history);
  return whole && Array.isArray(known.sync?.standbys) ? known : null;
}

function knownFile(layout: NodeLayout): string {
  return join(layout.state, 'cluster.json');
}
