import type { ClusterStore } from '../../core/coordination/cluster-store.ts';
import type { CancelSignal } from '../../core/election/backend.ts';
import { Problem } from '../../core/problem.ts';

/**
 * Resolves at the first change under `prefix`, after `waitMs`, or when the watch cannot go on: whoever calls looks anew.
 *
 * @throws Problem `store_unavailable` when the signal says so
 */
export function firstChange(
  store: ClusterStore,
  prefix: string,
  {
    fromRevision,
    waitMs,
    signal,
  }: { readonly fromRevision: number; readonly waitMs: number; readonly signal: CancelSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopping = new AbortController();
    const end = (finish: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abandon);
      stopping.abort();
      finish();
    };
    const abandon = (): void =>
      end(() => reject(new Problem('store_unavailable', 'the watch was given up.')));
    const timer = setTimeout(() => end(resolve), waitMs);
    signal.addEventListener('abort', abandon);
    if (signal.aborted) return abandon();
    store.watch(prefix, {
      fromRevision,
      signal: stopping.signal,
      onEvents: () => end(resolve),
      onEnd: () => end(resolve),
    });
  });
}
