import type { AcceptedLoss, FaultSpan, History, Operation, Outcome, Sighting, Way } from '../history.ts';

/** From the beginning of an operation or look to its end, in milliseconds of the drill's clock. */
export type Times = readonly [from: number, to: number];

export const balancer: Way = { kind: 'balancer' };

export function node(name: string): Way {
  return { kind: 'node', node: name };
}

/** A write of `k` through the load balancer that was acknowledged, unless told otherwise. */
export function write(
  version: number,
  [startedAt, endedAt]: Times,
  other: { way?: Way; key?: string; outcome?: Outcome } = {},
): Operation {
  const { way = balancer, key = 'k', outcome = 'ok' } = other;
  const because = outcome === 'ok' ? null : outcome === 'failed' ? '503 writes_closed' : 'timed out';
  return { client: 0, action: 'write', way, key, version, startedAt, endedAt, outcome, because };
}

/** A read of `k` through the load balancer that succeeded, unless told otherwise. */
export function read(
  version: number | null,
  [startedAt, endedAt]: Times,
  other: { way?: Way; outcome?: Outcome } = {},
): Operation {
  const { way = balancer, outcome = 'ok' } = other;
  const because = outcome === 'ok' ? null : 'timed out';
  return { client: 1, action: 'read', way, key: 'k', version, startedAt, endedAt, outcome, because };
}

/** A look that takes a millisecond. */
export function look(
  name: string,
  at: number,
  role: 'master' | 'standby' | 'follower' | 'starting' | 'silent',
  term: number | null = 1,
): Sighting {
  const ok = role === 'master' || role === 'follower';
  return { node: name, askedAt: at, answeredAt: at + 1, says: role === 'silent' ? null : { role, ok, term } };
}

/** Looks at a node every ten milliseconds that all find the same. */
export function looks(
  name: string,
  [from, to]: Times,
  role: Parameters<typeof look>[2],
  term = 1,
): Sighting[] {
  return Array.from({ length: Math.floor((to - from) / 10) + 1 }, (_, i) =>
    look(name, from + i * 10, role, term),
  );
}

/**
 * A round whose fault began at 1000 and ended at 2000, after which the cluster was whole and took a write. Unless told
 * otherwise of `k`, each key keeps its acknowledged writes.
 */
export function round(parts: {
  operations: readonly Operation[];
  sightings?: readonly Sighting[];
  kept?: readonly number[];
  final?: number | null;
  span?: Partial<FaultSpan>;
  acceptedLoss?: AcceptedLoss;
}): History {
  const { sightings = [], span = {} } = parts;
  const operations = [...parts.operations, write(1, [2900, 2910], { key: 'healed' })];
  const kept = new Map([['k', parts.kept ?? acknowledged(operations, 'k')]]);
  for (const { key } of operations) if (key !== 'k') kept.set(key, acknowledged(operations, key));
  const final = new Map(Array.from(kept, ([key, versions]) => [key, versions.at(-1) ?? null]));
  if (parts.final !== undefined) final.set('k', parts.final);
  return {
    acceptedLoss: parts.acceptedLoss ?? null,
    span: {
      fault: 'test',
      targets: ['a'],
      master: 'a',
      keepsMaster: false,
      beganAt: 1000,
      inEffectAt: 1001,
      endedAt: 2000,
      ...span,
    },
    operations,
    sightings,
    redundancy: [
      { at: 900, whole: true },
      { at: 1500, whole: false },
      { at: 2500, whole: true },
    ],
    final,
    kept,
  };
}

function acknowledged(operations: readonly Operation[], of: string): readonly number[] {
  return operations
    .flatMap(({ action, outcome, version, key }) =>
      action === 'write' && outcome === 'ok' && key === of && version !== null ? [version] : [],
    )
    .slice(-20);
}
