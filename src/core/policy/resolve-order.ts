import type { FullId } from '../ids.ts';
import { ResolveFault } from './resolve-ids.ts';
import type { Position } from './types.ts';

/** A record among those to be put in order. */
export interface Orderable {
  readonly id: FullId;
  readonly isRole: boolean;
  /** Its owner and its layers: what must exist before it. */
  readonly dependsOn: readonly FullId[];
  readonly name: string;
  readonly at: Position;
}

/**
 * `records` so that roles come before the records that depend on them, otherwise in the order of the text. Depth-first
 * without recursion: policies own policies own policies. Throws ResolveFault on a cycle; a record that owns itself is none,
 * because its role is made before its resource.
 */
export function inCreationOrder<T extends Orderable>(records: readonly T[]): T[] {
  const roles = new Map<FullId, T>();
  for (const record of records) if (record.isRole) roles.set(record.id, record);
  const state = new Map<T, 'open' | 'done'>();
  const ordered: T[] = [];
  for (const record of records) {
    const path: { readonly record: T; next: number }[] = [];
    enter(record, path, state);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const dependency = top.record.dependsOn[top.next];
      top.next += 1;
      if (dependency === undefined) {
        state.set(top.record, 'done');
        ordered.push(top.record);
        path.pop();
        continue;
      }
      const other = roles.get(dependency);
      if (other === undefined || other === top.record) continue;
      if (state.get(other) === 'open') {
        throw new ResolveFault(
          `Dependency cycle encountered between ${top.record.name} and ${other.name}`,
          top.record.at,
        );
      }
      enter(other, path, state);
    }
  }
  return ordered;
}

function enter<T extends Orderable>(
  record: T,
  path: { readonly record: T; next: number }[],
  state: Map<T, 'open' | 'done'>,
): void {
  if (state.has(record)) return;
  state.set(record, 'open');
  path.push({ record, next: 0 });
}
