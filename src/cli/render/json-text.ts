/**
 * A value as JSON for people and programs. What `JSON.stringify` leaves as it is but could steer a terminal, or turn the
 * direction of a line, is escaped: a program reads the same.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(/[\u007f-\u009f]|\p{Cf}/gu, (letter) =>
    Array.from(
      { length: letter.length },
      (_, at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
