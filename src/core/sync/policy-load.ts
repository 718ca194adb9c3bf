import type { Fields, FieldValue, Tagged } from '../policy/effective-rows.ts';

/** One load: `load` adds (POST), `update` changes and deletes too (PATCH). */
export interface PolicyLoad {
  readonly branch: string;
  readonly mode: 'load' | 'update';
  readonly text: string;
}

export interface TextBounds {
  /** A server takes 10 MiB. */
  readonly mostBytes: number;
  /** A load holds a lock of the server's for as long as it takes. */
  readonly mostVariables: number;
}

export const usualTextBounds: TextBounds = { mostBytes: 8 * 1024 * 1024, mostVariables: 2000 };

/** Loads of as many items as fit; one item always makes a load, and the server judges it. */
export function inParts<T, L extends PolicyLoad>(
  items: readonly T[],
  bounds: TextBounds,
  loadOf: (part: readonly T[]) => L,
): readonly L[] {
  if (items.length === 0) return [];
  const load = items.length > bounds.mostVariables ? null : loadOf(items);
  // An UTF-16 unit takes three bytes at most.
  if (load !== null && (items.length === 1 || load.text.length * 3 <= bounds.mostBytes)) return [load];
  const half = Math.ceil(items.length / 2);
  return [...inParts(items.slice(0, half), bounds, loadOf), ...inParts(items.slice(half), bounds, loadOf)];
}

/** A statement with fields: `- !tag {name: value}`. */
export function tagged(tag: string, fields: Readonly<Record<string, FieldValue>>): Tagged {
  const value: Fields = new Map(Object.entries(fields));
  return { tag, value };
}
