import type { Action, Serving } from '../core/failover/action.ts';
import { describeSource } from '../core/failover/replication-source.ts';
import {
  type Actor,
  beatTransaction,
  claimTransaction,
  dropLockTransaction,
  leadTransaction,
  recordTransaction,
  releaseTransaction,
  takeLockTransaction,
  type Transaction,
  writeSyncTransaction,
} from '../core/failover/transactions.ts';
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
  const turn: Turn = { state, view, ttlMs, tellClients };
  for (const together of inGroups(actions)) {
    const results = await Promise.allSettled(together.map((action) => perform(turn, action)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

/** Actions one by one, but for a plan right after a detachment: they touch different files, and each waits for the disk. */
function inGroups(actions: readonly Action[]): readonly (readonly Action[])[] {
  const groups: Action[][] = [];
  for (const action of actions) {
    const last = groups.at(-1);
    if (action.kind === 'plan-timelines' && last?.[0]?.kind === 'detach') last.push(action);
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
      return write(turn, releaseTransaction(action, actor(turn)));
    case 'take-lock':
      return write(turn, takeLockTransaction(action, actor(turn, await state.leases.forLock(callMs(turn)))));
    case 'drop-lock':
      return write(turn, dropLockTransaction(action, actor(turn)));
    case 'plan-timelines': {
      const record = { claimedTerm: action.term, planned: action.timelines };
      await writeLocalRecord(state.node.layout, record);
      state.record = record;
      return instances.planTimelines(action.timelines);
    }
    case 'claim':
      return write(turn, claimTransaction(action, actor(turn)));
    case 'promote':
      await Promise.all([instances.promote(), state.leases.keepLeaderReady(turn.ttlMs, callMs(turn))]);
      return;
    case 'lead':
      return lead(turn, action);
    case 'require':
      return instances.require(action.names);
    case 'write-sync':
      return write(turn, writeSyncTransaction(action, actor(turn)));
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
      return write(turn, recordTransaction(action, actor(turn)));
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

/** The lead counts as the first beat. */
async function lead(turn: Turn, action: Extract<Action, { kind: 'lead' }>): Promise<void> {
  const { state, ttlMs } = turn;
  const lease = await state.leases.forLeader(ttlMs, callMs(turn));
  const { compare, writes } = leadTransaction(action, actor(turn, lease));
  const sentAt = await state.authority.beforeSend(ttlMs, 0, action.term);
  const result = await state.store.txn(compare, writes, { timeoutMs: callMs(turn) });
  if (!result.succeeded)
    throw new Problem('store_rejected', 'the lead was refused: the lock or the claim is not ours');
  await state.authority.extend(sentAt, ttlMs, result.revision, action.term);
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

async function write(turn: Turn, transaction: Transaction): Promise<void> {
  const result = await turn.state.store.txn(transaction.compare, transaction.writes, {
    timeoutMs: callMs(turn),
  });
  if (!result.succeeded) throw new Problem('store_rejected', 'somebody else changed the cluster meanwhile');
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
