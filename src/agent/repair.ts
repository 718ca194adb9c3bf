import type { ClusterState, InstanceName } from '../core/failover/cluster-state.ts';
import { copyFrom } from '../instance/copy.ts';
import { rewindTo } from '../instance/rewind.ts';
import { slotName } from '../instance/slots.ts';
import { remoteTimelineHistory } from '../instance/timeline-history.ts';
import type { AgentState } from './agent-state.ts';
import { noteCopyNeeded } from './local-record.ts';
import { upstreamOf } from './upstreams.ts';

const rewindLimitMs = 30 * 60_000;
const copyLimitMs = 24 * 60 * 60_000;

/** Which instances are copies of the master's: a follower's *audit* is its own. */
function replicated(state: AgentState): readonly InstanceName[] {
  return state.node.config.kind === 'follower' ? ['data'] : ['data', 'audit'];
}

/** Stops both instances and takes them back to where they parted from the source's. A failure leaves a marker: copy then. */
export async function rewindBoth(
  state: AgentState,
  source: string,
  cluster: ClusterState | null,
  signal: AbortSignal,
): Promise<void> {
  await state.instances.stop();
  await forEach(replicated(state), async (name) => {
    const upstream = upstreamOf(source, name, state.node.config, cluster);
    await rewindTo(state.node.instances[name], { upstream, timeoutMs: rewindLimitMs, signal });
  });
}

/** Stops both instances and replaces them by copies; what was there is kept aside until the copy streams. */
export async function copyBoth(
  state: AgentState,
  source: string,
  cluster: ClusterState | null,
  signal: AbortSignal,
): Promise<void> {
  await state.instances.stop();
  await forEach(replicated(state), async (name) => {
    const settings = state.node.instances[name];
    const upstream = upstreamOf(source, name, state.node.config, cluster);
    const { systemIdentifier } = await remoteTimelineHistory(settings, upstream, { timeoutMs: 5000 });
    await copyFrom(settings, {
      upstream,
      systemIdentifier,
      slotName: slotName(state.node.config.name),
      timeoutMs: copyLimitMs,
      signal,
    });
  });
  state.instances.replaced();
  await noteCopyNeeded(state.node.layout, false);
  state.copyNeeded = false;
}

/** Waits for all, then throws the first failure: none is left running behind a thrown error. */
async function forEach(
  names: readonly InstanceName[],
  work: (name: InstanceName) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(names.map(work));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
