/** What the trail of a follower may take. */
export interface SpaceRules {
  /** Bytes; null: as much as there is. */
  readonly maxBytes: number | null;
  /** So much of the disk stays free, bytes. */
  readonly minFreeBytes: number;
}

/** What it takes, and what is left. */
export interface SpaceUse {
  readonly usedBytes: number;
  readonly freeBytes: number;
}

/** What was full has room again when a tenth of the limit is free: not at every record. */
const slack = 0.1;

/** Whether the trail's space is used up. */
export function isSpaceUsedUp(
  before: boolean,
  { usedBytes, freeBytes }: SpaceUse,
  rules: SpaceRules,
): boolean {
  const { maxBytes, minFreeBytes } = rules;
  const most = maxBytes === null ? Infinity : maxBytes * (before ? 1 - slack : 1);
  const least = minFreeBytes * (before ? 1 + slack : 1);
  return usedBytes >= most || freeBytes < least;
}
