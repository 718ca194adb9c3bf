import { bestBefore } from './best-before.ts';
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

/** Of `candidates`, which came after a version for certain, and was in force first. */
export function overwriters(bounds: Bounds, candidates: readonly Overwriter[]): OverwriterOf {
  const soonest = bestBefore(
    candidates.map((of) => ({
      at: -boundOf(bounds, of.version).from,
      value: -of.since,
      owner: of.version,
      of,
    })),
  );
  return (version) => soonest(-boundOf(bounds, version).by, version)?.of ?? null;
}
