/** A cell's text, and how it is painted once its width is known. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

const gap = '  ';

/**
 * Lines of a table whose columns are as wide as their widest cell. With `width` (columns of the terminal) the last
 * column is cut to what is left, with an ellipsis.
 */
export function renderTable(
  rows: readonly (readonly Cell[])[],
  width: number | null = null,
): readonly string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => lengthOf(row[at]?.text ?? ''))),
  );
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + gap.length, 0);
  const forLast = width === null ? Number.POSITIVE_INFINITY : Math.max(10, width - before);
  return rows.map((row) =>
    row
      .map(({ text, paint = same }, at) => {
        const isLast = at === columns - 1;
        const shown = isLast ? clip(text, forLast) : text;
        const padding = isLast ? '' : ' '.repeat(Math.max(0, (widths[at] ?? 0) - lengthOf(shown)));
        return paint(shown) + padding;
      })
      .join(gap)
      .trimEnd(),
  );
}

/** `text` in at most `width` columns. */
export function clip(text: string, width: number): string {
  return lengthOf(text) <= width
    ? text
    : `${Array.from(text)
        .slice(0, Math.max(0, width - 1))
        .join('')}…`;
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}

function same(text: string): string {
  return text;
}
