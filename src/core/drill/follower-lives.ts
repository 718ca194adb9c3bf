import { countBefore } from './best-before.ts';
import type { History, Operation, Sighting } from './history.ts';

/** Between two looks that are further apart than this, a node may have been started anew unseen. Milliseconds. */
const unseenMs = 1000;

/** A time in which a follower may have been another than before. */
interface Break {
  readonly at: number;
  readonly to: number;
}

/** The life of a follower that an operation belongs to as a whole, as a name of its own; null: it belongs to none. */
export type LifeOf = (operation: Operation) => string | null;

/** What a node is for: followers never lead, and nothing else but a master answers reads. */
export type Kinds = ReadonlyMap<string, 'follower' | 'candidate'>;

/** The kinds of all nodes that said one; a node that only starts, or is silent, is not among them. */
export function kindsOf(history: History): Kinds {
  const kinds = new Map<string, 'follower' | 'candidate'>([[history.span.master, 'candidate']]);
  for (const { node, says } of history.sightings) {
    if (says === null || says.role === 'starting') continue;
    if (says.role === 'follower') kinds.set(node, 'follower');
    else if (!kinds.has(node)) kinds.set(node, 'candidate');
  }
  return kinds;
}

/**
 * Cuts the time of each follower into lives, in which its PostgreSQL surely went on without a break.
 *
 * Within a life a follower replays one log forwards, so what it shows never goes back. Across lives nothing is promised: a
 * follower that was ahead of a new master is rewound and loses rows that nobody was told are there, and a PostgreSQL that
 * was killed opens at its minimum recovery point, which may lie before what it showed (manual, "Hot Standby"). So a life
 * ends with every look that finds no follower fit to serve, with every request that it did not answer, with a fault that
 * strikes it, and where nobody looked for long.
 */
export function followerLives(history: History, kinds: Kinds): LifeOf {
  const breaks = new Map<string, readonly Break[]>();
  const sightings = Map.groupBy(history.sightings, ({ node }) => node);
  const operations = Map.groupBy(history.operations, ({ way }) => (way.kind === 'node' ? way.node : null));
  for (const [node, kind] of kinds) {
    if (kind !== 'follower') continue;
    const found = [
      ...breaksSeen(sightings.get(node) ?? []),
      ...(operations.get(node) ?? [])
        .filter(({ action, outcome }) => action === 'read' && outcome !== 'ok')
        .map(({ startedAt, endedAt }) => ({ at: startedAt, to: endedAt })),
    ];
    const { span } = history;
    if (span.targets.includes(node)) found.push({ at: span.beganAt, to: span.endedAt });
    breaks.set(node, merged(found));
  }
  return (operation) => {
    const node = operation.way.kind === 'node' ? operation.way.node : '';
    const life = lifeIn(breaks.get(node) ?? [], operation);
    return life === null ? null : `${node} ${life}`;
  };
}

/** With the time before the first look and after the last. */
function breaksSeen(sightings: readonly Sighting[]): Break[] {
  const breaks: Break[] = [];
  let seenUntil = Number.NEGATIVE_INFINITY;
  for (const { askedAt, answeredAt, says } of sightings.toSorted((a, b) => a.askedAt - b.askedAt)) {
    if (askedAt - seenUntil > unseenMs) breaks.push({ at: seenUntil, to: askedAt });
    if (says?.role !== 'follower' || !says.ok) breaks.push({ at: askedAt, to: answeredAt });
    seenUntil = Math.max(seenUntil, answeredAt);
  }
  breaks.push({ at: seenUntil, to: Number.POSITIVE_INFINITY });
  return breaks;
}

function merged(breaks: readonly Break[]): readonly Break[] {
  const apart: Break[] = [];
  for (const next of breaks.toSorted((a, b) => a.at - b.at)) {
    const last = apart.at(-1);
    if (last === undefined || next.at > last.to) apart.push(next);
    else apart[apart.length - 1] = { at: last.at, to: Math.max(last.to, next.to) };
  }
  return apart;
}

/** The number of breaks before it; null when one of them overlaps, or there are none: then nobody ever looked. */
function lifeIn(breaks: readonly Break[], { startedAt, endedAt }: Operation): number | null {
  const begun = countBefore(breaks, endedAt);
  const last = breaks[begun - 1];
  return last === undefined || last.to > startedAt ? null : begun;
}
