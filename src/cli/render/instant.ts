/** A point in time for people: UTC, to the second. */
export function renderInstant(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
