import type { Register, Written } from './registers.ts';

/**
 * When a write took its place in the order of its key: not before `from`, and by `by` at the latest (infinite: never, for
 * all that is known). A write that ends before another begins is earlier than it; so is one that a client could read by then.
 */
export interface Bound {
  readonly from: number;
  readonly by: number;
  /** Among the kept versions, the oldest being 0; null: it is not among them, or their order is wrong. */
  readonly place: number | null;
}

export type Bounds = ReadonlyMap<number, Bound>;

const always: Bound = { from: Number.NEGATIVE_INFINITY, by: Number.NEGATIVE_INFINITY, place: null };
const never: Bound = { from: Number.POSITIVE_INFINITY, by: Number.POSITIVE_INFINITY, place: null };

/** The bound of a version; "no value" was there before everything. */
export function boundOf(bounds: Bounds, version: number): Bound {
  return version === 0 ? always : (bounds.get(version) ?? never);
}

/** Two versions that are kept in the wrong order: `second` was in its place before `first` was begun. */
export interface Swap {
  readonly first: Written;
  readonly second: Written;
}

/**
 * The bounds of all writes of a key, and what is kept in an order that cannot have been.
 *
 * Whoever reads a value, on a follower too, proves that it has its place by then: followers show a row before it is confirmed,
 * but never one that is in no log. The order of the kept versions is the order of the log, so it bounds them further: not
 * before what stands in front, not after what follows.
 */
export function boundsOf(register: Register): { readonly bounds: Bounds; readonly swap: Swap | null } {
  const bounds = new Map<number, Bound>();
  for (const { version, startedAt, acknowledgedAt } of register.writes.values()) {
    bounds.set(version, { from: startedAt, by: acknowledgedAt ?? Number.POSITIVE_INFINITY, place: null });
  }
  for (const { version, operation } of register.reads) {
    const bound = bounds.get(version);
    if (bound !== undefined && operation.endedAt < bound.by)
      bounds.set(version, { ...bound, by: operation.endedAt });
  }
  const kept = believable(register);
  const swap = swapIn(kept, bounds);
  // What stands in a wrong order, or twice, says nothing of the order of the rest.
  const isOrder = swap === null && kept.length === (register.kept ?? []).length;
  return { bounds: isOrder ? narrowed(kept, bounds) : bounds, swap };
}

/** The kept versions that somebody wrote, each where it stands first. */
function believable(register: Register): readonly Written[] {
  return Array.from(new Set(register.kept)).flatMap((version) => register.writes.get(version) ?? []);
}

function swapIn(kept: readonly Written[], bounds: Bounds): Swap | null {
  let first: Written | null = null;
  for (const second of kept) {
    if (first !== null && boundOf(bounds, first.version).from > boundOf(bounds, second.version).by) {
      return { first, second };
    }
    // The one that was begun last is the hardest to be in front of.
    if (first === null || second.startedAt > first.startedAt) first = second;
  }
  return null;
}

function narrowed(kept: readonly Written[], bounds: Bounds): Bounds {
  const narrow = new Map(bounds);
  let from = Number.NEGATIVE_INFINITY;
  for (const [place, { version }] of kept.entries()) {
    const bound = boundOf(bounds, version);
    from = Math.max(from, bound.from);
    narrow.set(version, { ...bound, from, place });
  }
  let by = Number.POSITIVE_INFINITY;
  for (const { version } of kept.toReversed()) {
    const bound = boundOf(narrow, version);
    by = Math.min(by, bound.by);
    narrow.set(version, { ...bound, by });
  }
  return narrow;
}
