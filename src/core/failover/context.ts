import { elapsedForHolder, elapsedForWaiter, type Instant } from '../clock.ts';
import type { Action, Decision, Serving } from './action.ts';
import type { ClusterState, PerInstance } from './cluster-state.ts';
import { instanceNames } from './cluster-state.ts';
import type { GivingUp, Memory } from './memory.ts';
import type { InstanceView, View } from './view.ts';

/** What a rule sees. */
export interface Context {
  readonly view: View;
  readonly memory: Memory;
}

/** The same with an answer of the store. */
export interface ClusterContext extends Context {
  readonly cluster: ClusterState;
}

/** What a rule says when it applies; what it leaves out stays as it is. */
export interface Verdict {
  readonly because: string;
  readonly actions?: readonly Action[];
  readonly memory?: Partial<Memory>;
  readonly serving?: Partial<Serving>;
  readonly wakeInMs?: number;
  /** Only something was noted: the rules are asked again in the same turn, about the same view. */
  readonly again?: true;
}

/** One row of the decision: rules are tried in order, the first that answers decides the turn. */
export interface Rule<C> {
  readonly id: string;
  /** For the documentation: when it applies and what it does. */
  readonly about: string;
  readonly apply: (context: C) => Verdict | null;
}

export const servingNobody: Serving = {
  role: 'starting',
  writes: 'closed',
  replicationOpen: false,
  successor: null,
};

/** A decision, and whether the rules are to be asked again in the same turn. */
export interface Draft extends Decision<Memory> {
  readonly again: boolean;
}

/** The first verdict of `rules`, made whole. */
export function firstVerdict<C extends Context>(
  rules: readonly Rule<C>[],
  context: C,
  idleMs: number,
): Draft | null {
  for (const rule of rules) {
    const verdict = rule.apply(context);
    if (verdict === null) continue;
    return {
      rule: rule.id,
      because: verdict.because,
      actions: verdict.actions ?? [],
      serving: { ...servingNobody, ...verdict.serving },
      memory: { ...context.memory, ...verdict.memory },
      wakeInMs: Math.max(0, verdict.wakeInMs ?? idleMs),
      again: verdict.again === true,
    };
  }
  return null;
}

/** Whether `test` holds for both instances. */
export function both(
  instances: PerInstance<InstanceView>,
  test: (instance: InstanceView) => boolean,
): boolean {
  return instanceNames.every((name) => test(instances[name]));
}

/** Whether `test` holds for one instance at least. */
export function either(
  instances: PerInstance<InstanceView>,
  test: (instance: InstanceView) => boolean,
): boolean {
  return instanceNames.some((name) => test(instances[name]));
}

/** No postmaster: stopped, or nothing is there. */
export function isDown(instance: InstanceView): boolean {
  return instance.state === 'stopped' || instance.state === 'absent';
}

/** Pointed at nobody, and nothing is received any more. */
export function isDetached(instance: InstanceView): boolean {
  return instance.primary === null && !instance.receiving;
}

/** No postmaster and no backend of either instance lives. */
export function allDead(view: View): boolean {
  return both(view.instances, isDown) && !view.strays;
}

/** Milliseconds that a holder of authority counts since `since`. */
export function heldFor(context: Context, since: Instant): number {
  return elapsedForHolder(since, context.view.now);
}

/** Milliseconds that one who waits counts since `since`. */
export function waitedFor(context: Context, since: Instant): number {
  return elapsedForWaiter(since, context.view.now);
}

/** This node's mastership ends: remembered until every process is seen dead and the end is written. */
export function giveUp(context: Context, reason: string): GivingUp {
  const { leading } = context.memory;
  return {
    reason,
    successor: null,
    leaderRevision: leading?.createRevision ?? null,
    term: leading?.term ?? 0,
    since: context.view.now,
  };
}
