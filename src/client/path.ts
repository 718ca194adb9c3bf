type Query = Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>;

/**
 * A path of the API: its parts encoded whole, slashes too, and a query without what is null or absent. A list becomes a key
 * for each entry.
 */
export function pathOf(parts: readonly string[], query: Query = {}): string {
  const path = parts.map((part) => `/${encodeURIComponent(part)}`).join('');
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    valuesOf(value).map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one)}`),
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

/** A body of a form, encoded alike. */
export function formOf(fields: Query): string {
  return pathOf([], fields).slice(1);
}

function valuesOf(value: Query[string]): readonly string[] {
  if (value === null || value === undefined) return [];
  return typeof value === 'object' ? value : [String(value)];
}
