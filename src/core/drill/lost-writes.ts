import { type Bounds, boundOf } from './bounds.ts';
import type { FaultSpan } from './history.ts';
import type { Lane } from './lanes.ts';
import { acknowledged, forceOf, type Overwriter, overwriters } from './overwriters.ts';
import type { Register } from './registers.ts';
import type { Violation } from './verdict.ts';
import { versionText, when } from './words.ts';

/** How many versions of a variable are kept. */
const versionsKept = 20;

/**
 * Writes that were in force and are gone: not among the kept versions although fewer than twenty can have come after them, or
 * overwritten in the end by what surely came before them.
 *
 * A write whose client gave up may come to stand after later ones, so that an older number is the newest version. That is no
 * loss: the kept versions tell the one from the other.
 */
export function lostWrites(
  span: FaultSpan,
  register: Register,
  bounds: Bounds,
  lanes: readonly Lane[],
): readonly Violation[] {
  const inForce = forceOf(register, lanes.find(({ isMaster }) => isMaster) ?? { isMaster: true, reads: [] });
  const missing = missingFromKept(register, bounds, inForce);
  const inTheEnd = register.final === undefined ? '' : `; in the end there is ${versionText(register.final)}`;
  if (missing.length > 0) {
    const but = `is not among the versions that are kept${inTheEnd}`;
    return missing.map((lost) => lostWrite(span, register, lost, but));
  }
  const lost = overwrittenInTheEnd(register, bounds, inForce);
  if (lost === null) return [];
  const still = register.kept?.includes(lost.version) === true ? 'is kept, but not the newest' : 'is gone';
  return [lostWrite(span, register, lost, `${still}${inTheEnd}`)];
}

/** Only the newest twenty can be kept at all. */
function missingFromKept(
  { kept }: Register,
  bounds: Bounds,
  inForce: readonly Overwriter[],
): readonly Overwriter[] {
  if (kept === undefined) return [];
  const present = new Set(kept);
  // All that is kept came later than what is not kept any more: that must have been possible.
  const oldestBy =
    kept.length < versionsKept
      ? Number.NEGATIVE_INFINITY
      : kept.reduce((by, version) => Math.min(by, boundOf(bounds, version).by), Number.POSITIVE_INFINITY);
  return inForce
    .toSorted((a, b) => a.version - b.version)
    .slice(-versionsKept)
    .filter(({ version }) => !present.has(version) && boundOf(bounds, version).from > oldestBy);
}

/** An acknowledged one rather than one that was only shown. */
function overwrittenInTheEnd(
  register: Register,
  bounds: Bounds,
  inForce: readonly Overwriter[],
): Overwriter | null {
  const { final } = register;
  if (final === undefined || (final !== 0 && !register.writes.has(final))) return null;
  return overwriters(bounds, acknowledged(register))(final) ?? overwriters(bounds, inForce)(final);
}

/** What was in force and is gone: an acknowledged write, or one that a master showed before anybody was told of it. */
function lostWrite(span: FaultSpan, register: Register, lost: Overwriter, but: string): Violation {
  const { key, writes } = register;
  const acknowledgedAt = writes.get(lost.version)?.acknowledgedAt ?? null;
  const at = acknowledgedAt ?? lost.since;
  const known = acknowledgedAt === null ? 'was read from a master' : 'was acknowledged';
  return {
    kind: acknowledgedAt === null ? 'read that goes back' : 'lost write',
    at: at - span.beganAt,
    key,
    sentence: `Version ${lost.version} of ${key} ${known} ${when(span, at)} and ${but}.`,
  };
}
