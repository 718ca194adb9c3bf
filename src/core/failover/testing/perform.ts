import type { Action } from '../action.ts';
import { type ClusterState, instanceNames } from '../cluster-state.ts';
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
} from '../transactions.ts';
import { letIn } from '../sync-set.ts';
import { timelineOf } from './model-log.ts';
import type { ModelNode } from './model-node.ts';
import { keys } from './model-store.ts';
import { beginTask, cancelTask } from './model-tasks.ts';

type Done = (ok: boolean) => void;

/** Carries out one action as the agent does; `done` is told whether the next may follow. */
export function perform(node: ModelNode, action: Action, cluster: ClusterState | null, done: Done): void {
  const ttlMs = (cluster ?? node.lastCluster)?.config.value.ttlMs ?? 5000;
  switch (action.kind) {
    case 'beat':
    case 'lead':
      return renew(node, action, ttlMs, done);
    case 'release':
    case 'take-lock':
    case 'drop-lock':
    case 'claim':
    case 'write-sync':
    case 'evict':
    case 'readmit':
    case 'note-switch':
    case 'drop-request':
      return send(node, action, transactionOf(node, action, ttlMs), ttlMs, (revision) => {
        if (action.kind === 'take-lock') node.made.lock = revision;
        if (action.kind === 'claim') node.made.claim = revision;
        done(revision !== null);
      });
    case 'start':
    case 'stop':
    case 'checkpoint':
      beginTask(node, action.kind, '');
      return done(true);
    case 'rewind':
    case 'copy':
      beginTask(node, action.kind, action.source);
      return done(true);
    case 'fence':
      node.dropAuthority();
      cancelTask(node);
      return node.agentAfter(node.world.between(0, 15), () => done(node.killInstances()));
    default:
      return performHere(node, action, done);
  }
}

type Here = Extract<
  Action,
  {
    kind:
      | 'plan-timelines'
      | 'promote'
      | 'require'
      | 'follow'
      | 'detach'
      | 'serve'
      | 'tidy'
      | 'mark-for-copy'
      | 'exit';
  }
>;

function performHere(node: ModelNode, action: Here, done: Done): void {
  const both = instanceNames.map((name) => node.instances[name]);
  switch (action.kind) {
    case 'plan-timelines':
      node.record = { claimedTerm: action.term, planned: action.timelines };
      return done(true);
    case 'promote':
      return promote(node, done);
    case 'require': {
      if (!node.responsive) return done(false);
      let left = both.length;
      const end = once(done);
      for (const instance of both)
        instance.require(action.names, () => --left === 0 && node.agentNow(() => end(true)));
      return node.agentAfter(node.edge.showsNamesEarly === true ? 0 : 1000, () =>
        end(node.edge.showsNamesEarly === true),
      );
    }
    case 'follow':
      for (const instance of both) {
        if (!instance.up || instance.frozen !== 'no') return done(false);
        if (node.kind !== 'follower' || instance.kind === 'data') instance.follow(action.target);
      }
      return node.agentAfter(node.world.between(1, 8), () => done(true));
    case 'detach':
      if (!node.responsive) return done(false);
      for (const instance of both) instance.detach(node.world.receiverEndsInMs());
      return node.agentAfter(node.world.between(20, 60), () =>
        done(node.edge.keepsReceivers === true || both.every((i) => !i.receiving)),
      );
    case 'serve':
      node.memory = letIn(node.memory);
      node.serving = action.serving;
      return done(true);
    case 'tidy':
      for (const instance of both) instance.unproven = false;
      return done(true);
    case 'mark-for-copy':
      node.copyNeeded = true;
      return done(true);
    case 'exit':
      return node.crashAgent();
  }
}

function promote(node: ModelNode, done: Done): void {
  let left = instanceNames.length;
  const end = once(done);
  for (const name of instanceNames) {
    const instance = node.instances[name];
    const { process } = instance;
    const planned = node.edge.ignoresPlan === true ? null : (node.record.planned?.[name] ?? null);
    const finish = (): void => {
      if (!instance.up || instance.process !== process) return;
      if (instance.frozen !== 'no') return node.world.after(200, finish);
      if (instance.recovery) {
        // The stubs of the plan make PostgreSQL skip up to the planned number, not beyond.
        instance.promote(Math.max(planned ?? 0, timelineOf(instance.log) + 1));
        node.world.judge.promoted(instance);
      }
      left -= 1;
      if (left === 0) node.agentNow(() => end(cameOutAsPlanned(node)));
    };
    if (!instance.up) return done(false);
    node.world.after(node.world.promotionMs(), finish);
  }
  node.agentAfter(4500, () => end(false));
}

function cameOutAsPlanned(node: ModelNode): boolean {
  const { planned } = node.record;
  if (node.edge.ignoresPlan === true) return true;
  return instanceNames.every((name) => timelineOf(node.instances[name].log) === planned?.[name]);
}

/** A beat, and the lead, which counts as the first: authority runs from the send. */
function renew(
  node: ModelNode,
  action: Extract<Action, { kind: 'beat' | 'lead' }>,
  ttlMs: number,
  done: Done,
): void {
  const sentAt = node.clock();
  node.lastBeatSentAt = sentAt;
  // Others go by the ttl of this beat from when it is applied: with a shorter one the authority that stands shrinks first.
  if (node.edge.keepsLongAuthority !== true) node.limitAuthority(sentAt, ttlMs);
  send(node, action, transactionOf(node, action, ttlMs), ttlMs, (revision) => {
    if (revision !== null)
      node.extendAuthority(node.edge.countsFromAnswer === true ? node.clock() : sentAt, ttlMs);
    done(revision !== null);
  });
}

type InStore = Exclude<Parameters<typeof transactionOf>[1], never>;

function transactionOf(
  node: ModelNode,
  action: Extract<
    Action,
    {
      kind:
        | 'beat'
        | 'lead'
        | 'release'
        | 'take-lock'
        | 'drop-lock'
        | 'claim'
        | 'write-sync'
        | 'evict'
        | 'readmit'
        | 'note-switch'
        | 'drop-request';
    }
  >,
  ttlMs: number,
): Transaction {
  const leased = action.kind === 'lead' ? ttlMs * 3 : action.kind === 'take-lock' ? 8000 : null;
  const actor: Actor = {
    keys,
    name: node.name,
    bootId: node.bootId,
    hostId: node.name,
    ttlMs,
    lineage: { data: node.instances.data.log.lineage, audit: node.instances.audit.log.lineage },
    lease: leased === null ? undefined : String(node.world.lease(node, leased, action.kind === 'lead')),
  };
  switch (action.kind) {
    case 'beat':
      return beatTransaction(action, actor);
    case 'lead':
      return leadTransaction(action, actor, node.made);
    case 'release':
      return releaseTransaction(action, actor);
    case 'take-lock':
      return takeLockTransaction(action, actor);
    case 'drop-lock':
      return dropLockTransaction(action, actor);
    case 'claim':
      return claimTransaction(action, actor, node.made);
    case 'write-sync':
      return writeSyncTransaction(action, actor);
    default:
      return recordTransaction(action, actor);
  }
}

function send(
  node: ModelNode,
  action: InStore,
  transaction: Transaction,
  ttlMs: number,
  done: (revision: number | null) => void,
): void {
  const { transact } = node.edge;
  const timeoutMs = Math.min(1000, Math.max(300, ttlMs / 5));
  node.world.txn(node, transact === undefined ? transaction : transact(action, transaction), timeoutMs, done);
}

function once(done: Done): Done {
  let called = false;
  return (ok) => {
    if (called) return;
    called = true;
    done(ok);
  };
}
