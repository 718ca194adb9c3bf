import type { Reading } from '../../core/sync/source-state.ts';
import { readingOf } from '../source/reading-of.ts';
import type { Source } from '../source/source.ts';

/** Lines of business that can be asked, and those whose credentials cannot be had: these fail alone. */
export interface OpenedLobs<T> {
  readonly opened: readonly T[];
  readonly failed: readonly { readonly name: string; readonly fault: string }[];
}

export async function openLobs<C extends { readonly name: string }, T>(
  configured: readonly C[],
  open: (lob: C) => Promise<T>,
): Promise<OpenedLobs<T>> {
  const opened: T[] = [];
  const failed: { readonly name: string; readonly fault: string }[] = [];
  for (const lob of configured) {
    const reading: Reading<T> = await readingOf(() => open(lob));
    if (reading.ok) opened.push(reading.value);
    else failed.push({ name: lob.name, fault: reading.fault });
  }
  return { opened, failed };
}

/** A source in which some lines of business fail. */
export function withFailed(source: Source, failed: OpenedLobs<unknown>['failed']): Source {
  return {
    list: async (only, signal) => [
      ...(await source.list(only, signal)),
      ...failed.map(({ name, fault }) => ({ name, safes: { ok: false as const, fault } })),
    ],
    close: source.close,
  };
}
