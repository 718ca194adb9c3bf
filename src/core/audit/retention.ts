/** What is known of a part of the trail that can be thrown away as a whole. The newest is written to. */
export interface SegmentFacts {
  readonly number: number;
  readonly openedAt: Date;
  readonly bytes: number;
}

/** How much of the trail is kept, and in pieces of what size. */
export interface RetentionRules {
  /** Older records may go, milliseconds; null: none may. */
  readonly maxAgeMs: number | null;
  /** The whole trail is kept this small, bytes; null: however large. */
  readonly maxBytes: number | null;
}

/** A trail's pieces are this large at most, or this old: what is thrown away is a piece. */
const pieceBytes = 256 * 1024 * 1024;
const pieceMs = 24 * 3600_000;
/** So many pieces make up what is kept, or more: one too many or too few does not matter then. */
const pieces = 8;
/** An empty table with its two indexes has two pages of 8 KiB, and something beside. */
const emptyBytes = 64 * 1024;

/**
 * Which segments go, the oldest first, and whether another one is opened.
 *
 * @param segments the oldest first
 * @param nowMs since 1970
 */
export function planSegments(
  segments: readonly SegmentFacts[],
  { maxAgeMs, maxBytes }: RetentionRules,
  nowMs: number,
): { readonly drop: readonly number[]; readonly open: boolean } {
  const newest = segments.at(-1);
  if (newest === undefined) return { drop: [], open: false };
  let bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const drop: number[] = [];
  for (const [index, segment] of segments.slice(0, -1).entries()) {
    // Nothing in it is newer than the beginning of the next one.
    const endedAt = (segments[index + 1] ?? newest).openedAt.getTime();
    const isOld = maxAgeMs !== null && endedAt < nowMs - maxAgeMs;
    const isTooMuch = maxBytes !== null && bytes > maxBytes;
    if (!isOld && !isTooMuch) break;
    drop.push(segment.number);
    bytes -= segment.bytes;
  }
  const isFull =
    newest.bytes > Math.min(pieceBytes, (maxBytes ?? Infinity) / pieces) ||
    nowMs - newest.openedAt.getTime() > Math.min(pieceMs, (maxAgeMs ?? Infinity) / pieces);
  return { drop, open: isFull && newest.bytes > emptyBytes };
}

/** When a follower, which keeps nothing that the master has, begins another segment. */
export function isWorthPassing(newest: SegmentFacts, maxBytes: number | null, nowMs: number): boolean {
  const most = Math.min(localPieceBytes, (maxBytes ?? Infinity) / pieces);
  const isFull = newest.bytes > most || nowMs - newest.openedAt.getTime() > localPieceMs;
  return isFull && newest.bytes > emptyBytes;
}

const localPieceBytes = 64 * 1024 * 1024;
const localPieceMs = 10 * 60_000;
