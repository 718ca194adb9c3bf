import { elapsedForHolder } from '../core/clock.ts';
import { decodeCluster } from '../core/failover/codec.ts';
import type { ClusterState } from '../core/failover/cluster-state.ts';
import type { Serving } from '../core/failover/action.ts';
import { decide } from '../core/failover/decide.ts';
import { letIn } from '../core/failover/sync-set.ts';
import { describeError, isProblem } from '../core/problem.ts';
import { act } from './act.ts';
import { type AgentState, defaultTtlMs } from './agent-state.ts';
import type { StoreConnection } from './etcd-endpoints.ts';
import { rememberCluster } from './known-cluster.ts';
import { freshnessAfter } from './data-freshness.ts';
import { lookAround } from './observe.ts';
import { keeperDuty } from '../core/audit-keeper.ts';
import { masterAddresses } from './master-address.ts';
import type { OwnEtcd } from './own-etcd.ts';
import { Publisher } from './publish.ts';
import { memberReport, servingState } from './report.ts';
import { Upkeep } from './upkeep.ts';

/** After this long a master is settled enough to move etcd's leadership, which stops writes for a moment. */
const settledMs = 30_000;

/** What runs beside the turns. */
interface Sides {
  readonly publisher: Publisher;
  readonly upkeep: Upkeep;
  readonly etcd: OwnEtcd;
  /** Follows the declared members in where the store is looked for. */
  readonly know: StoreConnection['know'];
  /** Notes what the cluster is like, for the day when etcd is gone for good. */
  readonly remember: ReturnType<typeof rememberCluster>;
}

/**
 * The agent: observe → decide → act → report, until it is told to end. A turn looks at everything once; what fails in it is
 * not patched up, since the next turn looks again.
 */
export async function runLoop(
  state: AgentState,
  etcd: OwnEtcd,
  know: StoreConnection['know'],
): Promise<void> {
  const remember = rememberCluster(state.node);
  const sides: Sides = { publisher: new Publisher(state), upkeep: new Upkeep(state), etcd, know, remember };
  let said = '';
  while (!state.ended) {
    const { because, rule, wakeInMs } = await turn(state, sides);
    if (because !== said) state.node.log.info({ rule }, because);
    said = because;
    if (!state.ended) await state.wake.wait(wakeInMs);
  }
}

async function turn(
  state: AgentState,
  sides: Sides,
): Promise<{ readonly because: string; readonly rule: string; readonly wakeInMs: number }> {
  const ttlMs = state.lastCluster?.config.value.ttlMs ?? defaultTtlMs;
  const lookMs = state.authority.atMost(Math.min(1000, Math.max(250, ttlMs / 6)));
  state.guardian.ping();
  const sight = await lookAround(state, () => readCluster(state, lookMs), lookMs);
  const { cluster } = sight.view;
  state.freshness = freshnessAfter(state.freshness, sight);
  const decision = decide(sight.view, state.memory);
  state.memory = decision.memory;
  state.workers.tell(servingState(state, sight, decision, ttlMs));
  const tellClients = (serving: Serving): void => {
    state.memory = letIn(state.memory);
    state.workers.tell(servingState(state, sight, { ...decision, serving }, ttlMs));
  };
  const failed = await attempt(state, [sight.view, decision.actions, tellClients]);
  const beatMs = cluster?.config.value.beatMs ?? ttlMs / 6;
  sides.publisher.offer(memberReport(state, sight, decision), { ttlMs, beatMs });
  sides.upkeep.tend(cluster);
  sides.etcd.tend();
  const { leading } = decision.memory;
  const settled = leading?.confirmed === true && elapsedForHolder(leading.since, sight.view.now) > settledMs;
  if (settled) sides.etcd.leadElsewhere();
  const known = cluster ?? state.lastCluster;
  const ways = masterAddresses(state.node.config, known);
  const { term } = known?.sync.value ?? { term: 0 };
  const members = known?.config.value.members.length ?? 1;
  state.auditKeeper.take(keeperDuty(decision.serving.role, { settled, ways, term, members }));
  if (cluster !== null) {
    void sides.know(cluster.config.value.members);
    sides.remember(cluster);
  }
  return {
    because: decision.because,
    rule: decision.rule,
    wakeInMs: failed ? Math.max(20, decision.wakeInMs) : decision.wakeInMs,
  };
}

async function readCluster(state: AgentState, timeoutMs: number): Promise<ClusterState | null> {
  try {
    const cluster = decodeCluster(await state.store.read(state.keys.prefix, { timeoutMs }), state.keys);
    if (cluster !== null) state.lastCluster = cluster;
    return cluster;
  } catch (error) {
    if (!isProblem(error)) throw error;
    state.node.log.debug(`the store does not answer: ${error.detail}`);
    return null;
  }
}

/** What `act` takes beside the state. */
type Work = Parameters<typeof act> extends [AgentState, ...infer Rest] ? Rest : never;

/** Whether the turn's actions failed; why goes to the log. What is no Problem is a fault of ours, and ends the agent. */
async function attempt(state: AgentState, work: Work): Promise<boolean> {
  try {
    await act(state, ...work);
    return false;
  } catch (error) {
    if (!isProblem(error) && !isSystemError(error)) throw error;
    const kinds = work[1].map((action) => action.kind).join(', ');
    state.node.log.warn({ actions: kinds, code: error.code }, `not done: ${describeError(error)}`);
    return true;
  }
}

/** A refusal of the operating system (no room, no rights, a broken disk): the next turn meets it again, or not. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'errno' in error && 'code' in error;
}
