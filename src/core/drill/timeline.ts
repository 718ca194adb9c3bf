import type { History, Sighting } from './history.ts';
import type { RoundReport } from './verdict.ts';

type Timeline = RoundReport['timeline'];
type NodeLane = Timeline['nodes'][number];
type NodeState = NodeLane['states'][number];

/** Steps that people can read off an axis, in milliseconds. */
const steps = [20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000];
const mostSteps = 300;

/** What the page draws of a round, in milliseconds after the fault began. */
export function timelineOf(history: History): Timeline {
  const { span } = history;
  const { from, to } = extent(history);
  const least = (to - from) / mostSteps;
  const stepMs = steps.find((step) => step >= least) ?? Math.ceil(least);
  const writes = history.operations.filter(
    ({ action, way }) => action === 'write' && way.kind === 'balancer',
  );
  const ends = (acknowledged: boolean): readonly number[] =>
    writes.filter(({ outcome }) => (outcome === 'ok') === acknowledged).map(({ endedAt }) => endedAt - from);
  const count = Math.floor((to - from) / stepMs) + 1;
  return {
    from: from - span.beganAt,
    to: to - span.beganAt,
    fault: {
      beganAt: 0,
      inEffectAt: span.inEffectAt === null ? null : span.inEffectAt - span.beganAt,
      endedAt: span.endedAt - span.beganAt,
    },
    nodes: nodesOf(history.sightings, span.beganAt, to),
    stepMs,
    acknowledged: countsOf(ends(true), stepMs, count),
    refused: countsOf(ends(false), stepMs, count),
  };
}

/** From the first that was seen to the last. */
function extent({ span, operations, sightings, redundancy }: History): { from: number; to: number } {
  let from = span.beganAt;
  let to = span.endedAt;
  const cover = (begin: number, end: number): void => {
    from = Math.min(from, begin);
    to = Math.max(to, end);
  };
  for (const { startedAt, endedAt } of operations) cover(startedAt, endedAt);
  for (const { askedAt, answeredAt } of sightings) cover(askedAt, answeredAt);
  for (const { at } of redundancy) cover(at, at);
  return { from, to };
}

function nodesOf(sightings: readonly Sighting[], beganAt: number, to: number): readonly NodeLane[] {
  return Array.from(
    Map.groupBy(sightings, ({ node }) => node),
    ([name, looks]) => ({ name, states: statesOf(looks, beganAt, to) }),
  ).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A node is what it said last; of silence it is known since when nobody answered, of an answer when it came. */
function statesOf(looks: readonly Sighting[], beganAt: number, to: number): readonly NodeState[] {
  const states: NodeState[] = [];
  for (const { askedAt, answeredAt, says } of looks.toSorted((a, b) => a.askedAt - b.askedAt)) {
    const state = says?.role ?? 'silent';
    const term = says?.term ?? null;
    const last = states.at(-1);
    if (last?.state === state && last.term === term) continue;
    const from = Math.max((says === null ? askedAt : answeredAt) - beganAt, last?.from ?? -Infinity);
    if (last !== undefined) states[states.length - 1] = { ...last, to: from };
    states.push({ from, to: to - beganAt, state, term });
  }
  return states;
}

function countsOf(times: readonly number[], stepMs: number, count: number): readonly number[] {
  const counts = Array.from({ length: count }, () => 0);
  for (const time of times) {
    const step = Math.floor(time / stepMs);
    counts[step] = (counts[step] ?? 0) + 1;
  }
  return counts;
}
