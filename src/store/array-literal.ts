/** An array as PostgreSQL reads it (manual, 8.15.2): the driver is not let in on array types. */
export function arrayLiteral(items: readonly (string | number | boolean | null)[]): string {
  const written = items.map((item) =>
    typeof item === 'string' ? `"${item.replaceAll(/["\\]/g, '\\$&')}"` : String(item ?? 'null'),
  );
  return `{${written.join(',')}}`;
}
