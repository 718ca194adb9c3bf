import type { ApiRecord } from '../../client/resources.ts';
import { recordOf } from '../../client/refusal.ts';
import { isFullId, splitFullId } from '../../core/ids.ts';
import { annotations } from '../../core/sync/layout.ts';
import type { ForeignPermit, TargetVariable } from '../../core/sync/target-state.ts';
import { targetVariable } from '../../core/sync/target-variable.ts';

/** `kind` and `identifier` of a resource as the API lists it; null when it has no full id. */
export function idOfRecord(record: ApiRecord): { readonly kind: string; readonly identifier: string } | null {
  const id = record['id'];
  return typeof id === 'string' && isFullId(id) ? splitFullId(id) : null;
}

export function decodePolicy(record: ApiRecord): { readonly ours: boolean } {
  return { ours: annotationOf(record, annotations.safe) !== null };
}

/** @param branch of the variable's safe */
export function decodeVariable(record: ApiRecord, branch: string): TargetVariable {
  return targetVariable(branch, (name) => annotationOf(record, name), permitsOf(record));
}

function annotationOf(record: ApiRecord, name: string): string | null {
  const found = entriesOf(record['annotations']).find((entry) => entry['name'] === name)?.['value'];
  return typeof found === 'string' ? found : null;
}

function permitsOf(record: ApiRecord): readonly ForeignPermit[] {
  return entriesOf(record['permissions']).flatMap(({ role, privilege }) =>
    typeof role === 'string' && typeof privilege === 'string' ? [{ role, privilege }] : [],
  );
}

function entriesOf(list: unknown): readonly ApiRecord[] {
  return Array.isArray(list) ? list.map((entry) => recordOf(entry) ?? {}) : [];
}
