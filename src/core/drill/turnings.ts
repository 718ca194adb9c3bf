import { bestBefore, type Ranked } from './best-before.ts';
import type { FaultSpan } from './history.ts';
import type { Overwriter } from './overwriters.ts';
import type { Seen } from './registers.ts';
import type { Violation } from './verdict.ts';
import { through, versionText, when } from './words.ts';

/** The last read of a version, by its beginning. */
type LastRead = Ranked<{ readonly seen: Seen; readonly since: number }>;

/**
 * Pairs of versions of which each was read after the other was in force: whichever came first, it was read when it was
 * overwritten. Each is told once, at the later of the two reads.
 */
export function turnings(
  span: FaultSpan,
  key: string,
  inForce: readonly Overwriter[],
  reads: readonly Seen[],
): readonly Violation[] {
  const last = lastReads(inForce, reads);
  const latestIn = bestBefore(last);
  const told = new Map<Seen, Violation>();
  for (const { value, owner, of } of last) {
    const other = latestIn(value, owner);
    if (other === null || other.value <= of.since) continue;
    const [early, late] = value < other.value ? [of.seen, other.of.seen] : [other.of.seen, of.seen];
    told.set(late, turning(span, key, early, late));
  }
  return Array.from(told.values());
}

function lastReads(inForce: readonly Overwriter[], reads: readonly Seen[]): readonly LastRead[] {
  const latest = new Map<number, Seen>();
  for (const seen of reads) {
    const known = latest.get(seen.version);
    if (known === undefined || seen.operation.startedAt > known.operation.startedAt)
      latest.set(seen.version, seen);
  }
  return inForce.flatMap(({ version, since }) => {
    const seen = latest.get(version);
    if (seen === undefined) return [];
    return [{ at: since, value: seen.operation.startedAt, owner: version, of: { seen, since } }];
  });
}

function turning(span: FaultSpan, key: string, early: Seen, late: Seen): Violation {
  const { startedAt, way } = late.operation;
  return {
    kind: 'read that goes back',
    at: startedAt - span.beganAt,
    key,
    sentence:
      `A read of ${key} ${through(way)} began ${when(span, startedAt)} and found ${versionText(late.version)}, ` +
      `though version ${early.version} was found ${when(span, early.operation.startedAt)} and each was there before the other was read.`,
  };
}
