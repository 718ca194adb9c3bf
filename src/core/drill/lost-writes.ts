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
 * Acknowledged writes that are gone: not among the kept versions although fewer than twenty can have come after them, or
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
  const missing = missingFromKept(register, bounds);
  if (missing.length > 0) {
    const left = register.final === undefined ? '' : `; in the end there is ${versionText(register.final)}`;
    const but = `is not among the versions that are kept${left}`;
    return missing.map((lost) => lostWrite(span, register.key, lost, but));
  }
  return overwrittenInTheEnd(span, register, bounds, lanes);
}

/** Only the newest twenty acknowledged ones can be kept at all. */
function missingFromKept(register: Register, bounds: Bounds): readonly Overwriter[] {
  const { kept } = register;
  if (kept === undefined) return [];
  const present = new Set(kept);
  // All that is kept came later than what is not kept any more: that must have been possible.
  const oldestBy =
    kept.length < versionsKept
      ? Number.NEGATIVE_INFINITY
      : kept.reduce((by, version) => Math.min(by, boundOf(bounds, version).by), Number.POSITIVE_INFINITY);
  return acknowledged(register)
    .toSorted((a, b) => a.version - b.version)
    .slice(-versionsKept)
    .filter(({ version }) => !present.has(version) && boundOf(bounds, version).from > oldestBy);
}

function overwrittenInTheEnd(
  span: FaultSpan,
  register: Register,
  bounds: Bounds,
  lanes: readonly Lane[],
): readonly Violation[] {
  const { key, final, kept } = register;
  if (final === undefined || (final !== 0 && !register.writes.has(final))) return [];
  const certain = overwriters(bounds, acknowledged(register))(final) ?? keptBehind(register, final);
  if (certain !== null) {
    const still = kept?.includes(certain.version) === true ? 'is kept, but not the newest' : 'is gone';
    return [lostWrite(span, key, certain, `${still}: in the end there is ${versionText(final)}`)];
  }
  const master = lanes.find(({ isMaster }) => isMaster);
  const shown = master === undefined ? null : overwriters(bounds, forceOf(register, master))(final);
  if (shown === null) return [];
  return [
    {
      kind: 'read that goes back',
      at: shown.since - span.beganAt,
      key,
      sentence: `Version ${shown.version} of ${key} was read from a master ${when(span, shown.since)}; ${key} has ${versionText(final)} in the end, which came before it.`,
    },
  ];
}

/** An acknowledged version that is kept behind the one that was read as the newest when all clients had ended. */
function keptBehind(register: Register, final: number): Overwriter | null {
  const { kept = [] } = register;
  if (!kept.includes(final)) return null;
  const behind = new Set(kept.slice(kept.lastIndexOf(final) + 1));
  return acknowledged(register).find(({ version }) => behind.has(version)) ?? null;
}

function lostWrite(span: FaultSpan, key: string, lost: Overwriter, but: string): Violation {
  return {
    kind: 'lost write',
    at: lost.since - span.beganAt,
    key,
    sentence: `Version ${lost.version} of ${key} was acknowledged ${when(span, lost.since)} and ${but}.`,
  };
}
