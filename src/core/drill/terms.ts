import type { FaultSpan, Sighting } from './history.ts';

/** The highest term that any node told of before the fault; null: none did. */
export function highestTermBefore(span: FaultSpan, sightings: readonly Sighting[]): number | null {
  return sightings.reduce<number | null>((highest, { answeredAt, says }) => {
    if (says === null || says.term === null || answeredAt > span.beganAt) return highest;
    return Math.max(highest ?? says.term, says.term);
  }, null);
}
