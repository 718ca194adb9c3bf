/**
 * The longest time between two acknowledgements of which the second came after `at`; null when none came. Milliseconds, as is
 * everything here; `endings` in any order.
 */
export function longestPause(endings: readonly number[], at: number): number | null {
  const sorted = [...endings].sort((a, b) => a - b);
  const pauses = sorted.flatMap((end, index) => {
    const before = sorted[index - 1];
    return end <= at || before === undefined ? [] : [end - before];
  });
  return pauses.length === 0 ? null : Math.max(...pauses);
}

/** Whether acknowledgements have come for `windowMs` up to `now` with no more than `mostMs` between them. */
export function isFlowing(
  endings: readonly number[],
  now: number,
  windowMs: number,
  mostMs: number,
): boolean {
  const recent = endings.filter((end) => end >= now - windowMs).sort((a, b) => a - b);
  return [...recent, now].every((end, index) => end - (recent[index - 1] ?? now - windowMs) <= mostMs);
}
