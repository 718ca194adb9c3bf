import { pause } from '../../runtime/pause.ts';
import { ask } from './answer.ts';
import type { LocalService } from './service.ts';

export interface BellOptions {
  readonly name: string;
  readonly waitMs: number;
  readonly timeoutMs: number;
  readonly retryMs: number;
  readonly signal: AbortSignal;
  /** Something about the service may have changed: its entry, or its health. */
  readonly ring: () => void;
  readonly failed: (error: unknown) => void;
}

/** Waits on the catalogue for changes of one service, until the signal. Rings after each answer; it never rejects. */
export async function ringOnChanges({ http, id }: LocalService, options: BellOptions): Promise<void> {
  const { name, waitMs, timeoutMs, retryMs, signal, ring, failed } = options;
  let index = 0;
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      const answer = await ask(
        http,
        {
          method: 'GET',
          path: `/v1/health/service/${encodeURIComponent(name)}`,
          query: {
            filter: `Service.ID == ${JSON.stringify(id)}`,
            ...(index === 0 ? {} : { index, wait: `${Math.round(waitMs)}ms` }),
          },
          timeoutMs: timeoutMs + (waitMs * 17) / 16,
          signal,
        },
        { what: 'the service is watched', permission: 'service:read on this service' },
      );
      const changed = answer.index !== index;
      // An index that goes back belongs to another history, and 0 would make each query answer at once.
      index = answer.index < index ? 0 : Math.max(1, answer.index);
      if (changed) ring();
      const tookMs = performance.now() - startedAt;
      // Other services of this name may change all the time; and who answers early without a change (a proxy that shortens
      // waits) must not be asked without end.
      if (changed && tookMs < retryMs) await pause(retryMs / 4, signal);
      else if (!changed && tookMs < waitMs / 2) await pause(retryMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      failed(error);
      index = 0;
      await pause(retryMs, signal);
    }
  }
}
