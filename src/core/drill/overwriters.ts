import { bestBefore, type Ranked } from './best-before.ts';
import { type Bounds, boundOf } from './bounds.ts';
import type { Lane } from './lanes.ts';
import type { Register } from './registers.ts';

/** What overwrote something, in force from `since` on. */
export interface Overwriter {
  readonly version: number;
  readonly since: number;
  readonly acknowledged: boolean;
}

/** Asks for a version that surely came after another, and was in force the soonest. */
export type OverwriterOf = (version: number) => Overwriter | null;

/** The acknowledged writes: in force on every master. */
export function acknowledged(register: Register): readonly Overwriter[] {
  return Array.from(register.writes.values()).flatMap(({ version, acknowledgedAt }) =>
    acknowledgedAt === null ? [] : [{ version, since: acknowledgedAt, acknowledged: true }],
  );
}

/** What is in force for a lane, and since when. */
export function forceOf(register: Register, lane: Lane): readonly Overwriter[] {
  const force = new Map<number, Overwriter>();
  if (lane.isMaster)
    for (const overwriter of acknowledged(register)) force.set(overwriter.version, overwriter);
  for (const { version, operation } of lane.reads) {
    const since = operation.endedAt;
    if (version !== 0 && since < (force.get(version)?.since ?? Number.POSITIVE_INFINITY))
      force.set(version, { version, since, acknowledged: false });
  }
  return Array.from(force.values());
}

/**
 * Of `candidates`, which came after a version for certain, and was in force first: begun when the version was in its place,
 * or kept behind it.
 */
export function overwriters(bounds: Bounds, candidates: readonly Overwriter[]): OverwriterOf {
  const ranked = (of: Overwriter, at: number): Ranked<Overwriter> => ({
    at,
    value: -of.since,
    owner: of.version,
    of,
  });
  const begunLater = bestBefore(candidates.map((of) => ranked(of, -boundOf(bounds, of.version).from)));
  const keptBehind = bestBefore(
    candidates.flatMap((of) => {
      const { place } = boundOf(bounds, of.version);
      return place === null ? [] : [ranked(of, -place)];
    }),
  );
  return (version) => {
    const { by, place } = boundOf(bounds, version);
    const begun = begunLater(-by, version)?.of ?? null;
    const kept = place === null ? null : (keptBehind(-place, version)?.of ?? null);
    return kept === null || (begun !== null && begun.since <= kept.since) ? begun : kept;
  };
}
