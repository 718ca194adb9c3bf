import { elapsedForWaiter } from '../clock.ts';
import { absorb } from './absorb.ts';
import type { Action, Decision, Serving } from './action.ts';
import type { PromotionRecord, Stored } from './cluster-state.ts';
import {
  type ClusterContext,
  type Context,
  type Draft,
  firstVerdict,
  heldFor,
  type Rule,
  servingNobody,
  waitedFor,
} from './context.ts';
import { silenceMs } from './eligibility.ts';
import { eventMs } from './timing.ts';
import { followerRules } from './follower-rules.ts';
import { type LeadingContext } from './leading-context.ts';
import { leadingRules } from './leading-rules.ts';
import { type Memory, type PromotionMemory, unseenLock } from './memory.ts';
import { promotionRules } from './promotion-rules.ts';
import { safetyRules } from './safety-rules.ts';
import { standbyRules } from './standby-rules.ts';
import { storelessRules } from './storeless-rules.ts';
import type { View } from './view.ts';

/** How often a node looks around when nothing happens and no configuration is known, in milliseconds. */
const idleWithoutConfigMs = 500;

/**
 * One turn of a node: from what it sees and what it remembers to what it does, and one sentence that says why. Pure: no
 * clock, no chance, no input or output. The rules are tried in order; `docs/failover.md` is generated from them.
 */
export function decide(view: View, remembered: Memory): Decision<Memory> {
  const memory = absorb(view, remembered);
  const context: Context = { view, memory };
  const idleMs = view.cluster?.config.value.beatMs ?? idleWithoutConfigMs;
  const decision = settledVerdict(context, idleMs);
  return withDeadlines(context, withSuccessor(view, withBeat(context, decision)));
}

/** At most this many notes are taken in one turn before something is done. */
const notesPerTurn = 4;

/** A verdict that only notes something costs no turn of its own: the rules are asked again with the note. */
function settledVerdict(context: Context, idleMs: number): Draft {
  let draft = verdictOf(context, idleMs);
  for (let notes = 0; draft.again && notes < notesPerTurn; notes += 1) {
    draft = verdictOf({ ...context, memory: draft.memory }, idleMs);
  }
  return draft;
}

function verdictOf(c: Context, idleMs: number): Draft {
  const safe = firstVerdict(safetyRules, c, idleMs);
  if (safe !== null) return safe;
  if (c.view.self.kind === 'follower') return sure(firstVerdict(followerRules, c, idleMs), c.memory);
  const { cluster } = c.view;
  if (cluster === null) return sure(firstVerdict(storelessRules, c, idleMs), c.memory);
  const known: ClusterContext = { ...c, cluster };
  const { leading } = c.memory;
  if (leading !== null) {
    const leader: LeadingContext = { ...known, leading };
    return sure(firstVerdict(leadingRules, leader, idleMs), c.memory);
  }
  const lock = cluster.promotion?.value.bootId === c.view.self.bootId ? cluster.promotion : null;
  const promotion = promotionOf(c, lock);
  if (promotion !== null) {
    const promoting = { ...known, memory: { ...c.memory, promotion }, lock, promotion };
    return sure(firstVerdict(promotionRules, promoting, idleMs), c.memory);
  }
  const memory = { ...c.memory, promotion: null };
  return sure(firstVerdict(standbyRules, { ...known, memory }, idleMs), memory);
}

function promotionOf(
  { view, memory }: Context,
  lock: Stored<PromotionRecord> | null,
): PromotionMemory | null {
  const known = memory.promotion;
  if (known === null) return lock === null ? null : begun(view, lock);
  if (known.lockRevision !== unseenLock) return known;
  // Taken in the last turn, or not: the store says which.
  return lock?.value.term === known.term ? { ...known, lockRevision: lock.createRevision } : null;
}

/** A lock that carries this agent's boot id is ours, also when the answer that told so was lost. */
function begun(view: View, lock: Stored<PromotionRecord>): PromotionMemory {
  return {
    term: lock.value.term,
    lockRevision: lock.createRevision,
    syncRevision: lock.value.syncRevision,
    since: view.now,
    detachedSince: null,
    gather: 'waiting',
    gatherSince: null,
    claimedSince: null,
  };
}

function sure(decision: Draft | null, memory: Memory): Draft {
  return (
    decision ?? {
      rule: 'waits',
      because: 'nothing to decide',
      actions: [],
      serving: servingNobody,
      memory,
      wakeInMs: idleWithoutConfigMs,
      again: false,
    }
  );
}

/** A leading node renews first, whatever else the turn does. */
function withBeat(c: Context, decision: Decision<Memory>): Decision<Memory> {
  const { leading, givingUp } = decision.memory;
  if (leading === null || givingUp !== null) return decision;
  const beatMs = c.view.cluster?.config.value.beatMs ?? idleWithoutConfigMs / 2;
  const last = c.view.lastBeatSentAt;
  const dueInMs = last === null ? 0 : beatMs - heldFor(c, last);
  if (dueInMs > 1) return { ...decision, wakeInMs: Math.min(decision.wakeInMs, dueInMs, leftMs(c)) };
  const beat: Action = {
    kind: 'beat',
    leaderRevision: leading.createRevision,
    term: leading.term,
    counter: leading.beatCounter + 1,
  };
  // What only begins work that goes on beside the turns need not wait for the store's answer.
  const begins = decision.actions.every(({ kind }) => kind === 'stop' || kind === 'checkpoint');
  return {
    ...decision,
    actions: begins ? [...decision.actions, beat] : [beat, ...decision.actions],
    memory: { ...decision.memory, leading: { ...leading, beatCounter: leading.beatCounter + 1 } },
    wakeInMs: Math.min(decision.wakeInMs, beatMs, leftMs(c)),
  };
}

/** Until authority ends: a turn at that very moment fences in good order, before the guardian has to. */
function leftMs({ view }: Context): number {
  return view.authorityUntil === null
    ? Infinity
    : Math.max(1, elapsedForWaiter(view.now, view.authorityUntil));
}

/** For a moment after a hand-over this node holds its requests and passes them to the new master. */
function withSuccessor(view: View, decision: Decision<Memory>): Decision<Memory> {
  const { passTo, leading } = decision.memory;
  if (passTo === null || leading !== null) return decision;
  const leader = view.cluster?.leader?.value;
  // It holds what it is sent until it may serve.
  const ready = leader !== undefined && leader.term > passTo.term;
  const serving: Serving = { ...decision.serving, writes: 'held', successor: ready ? leader.name : null };
  return { ...decision, serving, wakeInMs: Math.min(decision.wakeInMs, eventMs) };
}

/** A candidate wakes when the master's silence would be long enough. */
function withDeadlines(c: Context, decision: Decision<Memory>): Decision<Memory> {
  const { cluster, self } = c.view;
  const seen = decision.memory.beatSeen;
  if (cluster === null || seen === null || self.kind !== 'standby' || decision.memory.leading !== null)
    return decision;
  const left = silenceMs(cluster) - waitedFor(c, seen.since);
  return left <= 0 ? decision : { ...decision, wakeInMs: Math.min(decision.wakeInMs, left + 1) };
}

/** Every rule with what it is for, in the order in which they are tried: for the documentation and its test. */
export function rulebook(): readonly {
  readonly part: string;
  readonly id: string;
  readonly about: string;
}[] {
  const part = (name: string, rules: readonly Pick<Rule<never>, 'id' | 'about'>[]) =>
    rules.map(({ id, about }) => ({ part: name, id, about }));
  return [
    ...part('safety', safetyRules),
    ...part('without the store', storelessRules),
    ...part('leading', leadingRules),
    ...part('promotion', promotionRules),
    ...part('standby', standbyRules),
    ...part('follower', followerRules),
  ];
}
