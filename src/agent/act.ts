import type { Action, Serving } from '../core/failover/action.ts';
import { describeSource } from '../core/failover/replication-source.ts';
import {
  type Actor,
  beatTransaction,
  claimTransaction,
  dropLockTransaction,
  leadTransaction,
  type Made,
  recordTransaction,
  releaseTransaction,
  takeLockTransaction,
  type Transaction,
  writeSyncTransaction,
} from '../core/failover/transactions.ts';
import type { InstanceName, LineageStep } from '../core/failover/cluster-state.ts';
import { sameTimelines } from '../core/failover/timeline-plan.ts';
import type { View } from '../core/failover/view.ts';
import { Problem } from '../core/problem.ts';
import type { AgentState } from './agent-state.ts';
import { noteCopyNeeded, writeLocalRecord } from './local-record.ts';
import { copyBoth, rewindBoth } from './repair.ts';

/** How long an API worker may take to obey before it is killed, and a task to end before it is left to itself. */
const workerObeysMs = 50;
const cancelMs = 1000;

/** What a turn's actions may take at the edge. */
interface Turn {
  readonly state: AgentState;
  readonly view: View;
  readonly ttlMs: number;
  readonly tellClients: (serving: Serving) => void;
  readonly made: { -readonly [K in keyof Made]: Made[K] };
}

/**
 * Carries out a turn's actions in order. The first that fails ends the turn: nothing is patched up, the next turn looks
 * again.
 *
 * @throws whatever the failed action threw
 */
export async function act(
  state: AgentState,
  view: View,
  actions: readonly Action[],
  tellClients: (serving: Serving) => void,
): Promise<void> {
  const ttlMs = view.cluster?.config.value.ttlMs ?? state.lastCluster?.config.value.ttlMs ?? 5000;
  const turn: Turn = { state, view, ttlMs, tellClients, made: { lock: null, claim: null } };
  for (const together of inGroups(actions)) {
    const results = await Promise.allSettled(together.map((action) => perform(turn, action)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

const besideDetachment: ReadonlySet<Action['kind']> = new Set(['plan-timelines', 'take-lock', 'require']);

/** Actions one by one, but for what may as well be done while an instance detaches: each waits for another disk or node. */
function inGroups(actions: readonly Action[]): readonly (readonly Action[])[] {
  const groups: Action[][] = [];
  for (const action of actions) {
    const last = groups.at(-1);
    const beside = last?.[0]?.kind === 'detach' && besideDetachment.has(action.kind);
    // Timelines are planned only once the lock was answered with yes.
    const planned = action.kind === 'plan-timelines' && last?.some(({ kind }) => kind === 'take-lock');
    if (beside && planned !== true) last?.push(action);
    else groups.push([action]);
  }
  return groups;
}

async function perform(turn: Turn, action: Action): Promise<void> {
  const { state, view } = turn;
  const { instances, task } = state;
  const cluster = view.cluster ?? state.lastCluster;
  switch (action.kind) {
    case 'beat':
      return beat(turn, action);
    case 'fence':
      return fence(turn);
    case 'release':
      await write(turn, releaseTransaction(action, actor(turn)));
      return;
    case 'take-lock':
      turn.made.lock = await write(
        turn,
        takeLockTransaction(action, actor(turn, await state.leases.forLock(callMs(turn)))),
      );
      return;
    case 'drop-lock':
      await write(turn, dropLockTransaction(action, actor(turn)));
      return;
    case 'plan-timelines': {
      const record = { claimedTerm: action.term, planned: action.timelines };
      await writeLocalRecord(state.node.layout, record);
      state.record = record;
      return instances.planTimelines(action.timelines);
    }
    case 'claim':
      turn.made.claim = await write(turn, claimTransaction(action, actor(turn), turn.made));
      return;
    case 'promote':
      return promote(turn);
    case 'lead':
      return lead(turn, action);
    case 'require':
      return instances.require(action.names);
    case 'write-sync':
      await write(turn, writeSyncTransaction(action, actor(turn)));
      return;
    case 'serve':
      return turn.tellClients(action.serving);
    case 'follow':
      return instances.follow(action.target, cluster);
    case 'detach':
      return instances.detach();
    case 'start':
      return task.begin('start', 'starting both instances', () => instances.start());
    case 'stop':
      return task.begin('stop', 'stopping both instances', () => instances.stop());
    case 'checkpoint':
      return task.begin('checkpoint', 'making a checkpoint', () => instances.checkpoint());
    case 'rewind':
      return task.begin('rewind', `rewinding to ${action.source}`, (signal) =>
        rewindBoth(state, action.source, cluster, signal),
      );
    case 'copy':
      return task.begin('copy', `copying from ${describeSource(action.source)}`, (signal) =>
        copyBoth(state, action.source, cluster, signal),
      );
    case 'tidy':
      return instances.tidy(state.node.log);
    case 'mark-for-copy':
      await noteCopyNeeded(state.node.layout, true);
      state.copyNeeded = true;
      return;
    case 'evict':
    case 'readmit':
    case 'note-switch':
    case 'drop-request':
      await write(turn, recordTransaction(action, actor(turn)));
      return;
    case 'exit':
      state.ended = true;
  }
}

/** A beat counts from its send. What the store says no to, or does not answer, extends nothing. */
async function beat(turn: Turn, action: Extract<Action, { kind: 'beat' }>): Promise<void> {
  const { state, ttlMs } = turn;
  const { compare, writes } = beatTransaction(action, actor(turn));
  const sentAt = await state.authority.beforeSend(ttlMs, action.leaderRevision, action.term);
  const result = await state.store.txn(compare, writes, { timeoutMs: callMs(turn) });
  if (!result.succeeded)
    throw new Problem('store_rejected', 'the beat was refused: the leader key is not ours');
  await state.authority.extend(sentAt, ttlMs, action.leaderRevision, action.term);
}

/** Both, and a lease for the leader key meanwhile. @throws Problem `promotion_failed` when one came out where it was not meant to */
async function promote(turn: Turn): Promise<void> {
  const { state, ttlMs } = turn;
  const [timelines] = await Promise.all([
    state.instances.promote(),
    state.leases.keepLeaderReady(ttlMs, callMs(turn)),
  ]);
  if (!sameTimelines(state.record.planned, timelines)) {
    throw new Problem('promotion_failed', 'an instance came out on another timeline than planned');
  }
}

/** The lead counts as the first beat. */
async function lead(turn: Turn, action: Extract<Action, { kind: 'lead' }>): Promise<void> {
  const { state, ttlMs } = turn;
  const lineage = await lineageOf(turn);
  const lease = await state.leases.forLeader(ttlMs, callMs(turn));
  const { compare, writes } = leadTransaction(action, { ...actor(turn, lease), lineage }, turn.made);
  const sentAt = await state.authority.beforeSend(ttlMs, 0, action.term);
  const result = await state.store.txn(compare, writes, { timeoutMs: callMs(turn) });
  if (!result.succeeded)
    throw new Problem('store_rejected', 'the lead was refused: the lock or the claim is not ours');
  await state.authority.extend(sentAt, ttlMs, result.revision, action.term);
}

/** The ancestry of both instances: as this turn saw it, or, when it promoted them, as their files have it now. */
async function lineageOf({ state, view }: Turn): Promise<Actor['lineage']> {
  const { planned } = state.record;
  const of = async (name: InstanceName): Promise<readonly LineageStep[]> => {
    const seen = view.instances[name].lineage;
    const steps =
      seen.length > 0 || planned === null ? seen : await state.instances.lineage(name, planned[name]);
    if (steps.length > 0) return steps;
    throw new Problem(
      'instance_unavailable',
      `the timeline history of the ${name} instance is not there yet`,
    );
  };
  const [data, audit] = await Promise.all([of('data'), of('audit')]);
  return { data, audit };
}

/** Authority to zero, workers told, everything killed; what is not seen dead makes the turn fail. */
async function fence(turn: Turn): Promise<void> {
  const { state } = turn;
  const wasBusy = state.task.busy;
  state.authority.drop();
  // After a hand-over, what waits goes on waiting for the successor.
  state.workers.closeAll('fenced', state.memory.passTo === null ? 'closed' : 'held');
  const [dead] = await Promise.all([state.instances.kill(), state.workers.obeyOrDie(workerObeysMs)]);
  // What was under way ends now that its processes are dead; what a start brought up meanwhile is killed too.
  await state.task.cancel(cancelMs);
  if (dead && (!wasBusy || (await state.instances.kill()))) return state.authority.settle();
  throw new Problem('instance_failed', 'a PostgreSQL process outlives its kill: nothing is released');
}

/** @returns the revision that the transaction made */
async function write(turn: Turn, transaction: Transaction): Promise<number> {
  const result = await turn.state.store.txn(transaction.compare, transaction.writes, {
    timeoutMs: callMs(turn),
  });
  if (!result.succeeded) throw new Problem('store_rejected', 'somebody else changed the cluster meanwhile');
  return result.revision;
}

function actor(turn: Turn, lease?: string): Actor {
  const { node, keys } = turn.state;
  return {
    keys,
    name: node.config.name,
    bootId: node.bootId,
    hostId: node.hostId,
    ttlMs: turn.ttlMs,
    lineage: { data: turn.view.instances.data.lineage, audit: turn.view.instances.audit.lineage },
    lease,
  };
}

/** A call to the store within a turn: short beside the ttl, long beside an election of etcd's leader. */
function callMs(turn: Turn): number {
  return turn.state.authority.atMost(Math.min(1000, Math.max(300, turn.ttlMs / 5)));
}
