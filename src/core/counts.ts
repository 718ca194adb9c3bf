/** A count with its thousands set apart: `41,203`. */
export function countOf(count: number): string {
  return Number.isFinite(count) ? String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/gu, ',') : '–';
}

/** `1 round`, `2 rounds`. @param many where it is not `one` with an s */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countOf(count)} ${count === 1 ? one : many}`;
}
