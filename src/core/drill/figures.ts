import type { History, Operation } from './history.ts';
import { highestTermBefore } from './terms.ts';
import type { Verdict } from './verdict.ts';

type Figures = Pick<
  Verdict,
  | 'detectionMs'
  | 'promotionMs'
  | 'firstWriteDirectMs'
  | 'firstWriteBalancerMs'
  | 'longestPauseMs'
  | 'redundancyMs'
>;

const unseen: Figures = {
  detectionMs: null,
  promotionMs: null,
  firstWriteDirectMs: null,
  firstWriteBalancerMs: null,
  longestPauseMs: null,
  redundancyMs: null,
};

/** How long everything took; nothing of a fault that never was in effect. */
export function figuresOf(history: History): Figures {
  const { beganAt, inEffectAt } = history.span;
  if (inEffectAt === null) return unseen;
  const firstWrite = (way: 'node' | 'balancer'): number | null =>
    earliest(
      history.operations
        .filter((operation) => isAcknowledged(operation, way) && operation.startedAt >= inEffectAt)
        .map(({ endedAt }) => endedAt - beganAt),
    );
  return {
    detectionMs: detection(history),
    promotionMs: promotion(history),
    firstWriteDirectMs: firstWrite('node'),
    firstWriteBalancerMs: firstWrite('balancer'),
    longestPauseMs: longestPause(history),
    redundancyMs: redundancy(history),
  };
}

function isAcknowledged({ action, outcome, way }: Operation, kind: 'node' | 'balancer'): boolean {
  return action === 'write' && outcome === 'ok' && way.kind === kind;
}

/** Silence shows nothing: a node that a probe does not reach may serve others. */
function detection({ span, sightings, operations }: History): number | null {
  const termBefore = highestTermBefore(span, sightings);
  const seen = sightings.filter(({ node, askedAt, says }) => {
    if (says === null || askedAt < span.beganAt) return false;
    if (termBefore !== null && says.term !== null && says.term > termBefore) return true;
    return node === span.master ? says.role !== 'master' || !says.ok : says.role === 'master';
  });
  const heard = operations.filter((operation) => {
    const { way, because, startedAt } = operation;
    if (way.kind !== 'node' || startedAt < span.beganAt) return false;
    if (way.node === span.master) return because?.includes('node_not_serving') === true;
    return isAcknowledged(operation, 'node');
  });
  return earliest([
    ...seen.map(({ answeredAt }) => answeredAt - span.beganAt),
    ...heard.map(({ endedAt }) => endedAt - span.beganAt),
  ]);
}

function promotion({ span, sightings }: History): number | null {
  return earliest(
    sightings
      .filter(
        ({ node, askedAt, says }) =>
          node !== span.master && says?.role === 'master' && askedAt >= span.beganAt,
      )
      .map(({ answeredAt }) => answeredAt - span.beganAt),
  );
}

/** Up to the last attempt: while none comes through, the pause goes on. */
function longestPause({ span, operations }: History): number | null {
  const writes = operations.filter(({ action, way }) => action === 'write' && way.kind === 'balancer');
  const ends = writes.map(({ endedAt, outcome }) => ({ endedAt, ok: outcome === 'ok' }));
  let since = span.beganAt;
  let longest: number | null = null;
  for (const { endedAt, ok } of ends.toSorted((a, b) => a.endedAt - b.endedAt)) {
    if (endedAt <= span.beganAt) continue;
    longest = Math.max(longest ?? 0, endedAt - since);
    if (ok) since = endedAt;
  }
  return longest;
}

/** Before anybody has noticed the fault a cluster may call itself whole, so the last stretch counts, not the first. */
function redundancy({ span, redundancy: looks }: History): number | null {
  let since: number | null = null;
  for (const { at, whole } of looks.toSorted((a, b) => a.at - b.at)) {
    if (at < span.beganAt) continue;
    since = whole ? (since ?? at) : null;
  }
  return since === null ? null : Math.max(0, since - span.endedAt);
}

function earliest(times: readonly number[]): number | null {
  return times.reduce<number | null>((first, time) => (first === null || time < first ? time : first), null);
}
