import { setTimeout as pause } from 'node:timers/promises';
import type { StoreEvent, WatchEnd, WatchOptions } from '../core/coordination/cluster-store.ts';
import type { Endpoint } from './etcd-endpoints.ts';
import type { EtcdGateway } from './etcd-gateway.ts';
import { openWatchStream } from './etcd-watch-stream.ts';

export interface EtcdWatchTiming {
  /** A connection without a word for so long is made anew. etcd itself speaks up only every ten minutes. */
  readonly silenceMs: number;
  /** From the request until etcd confirms the watch. */
  readonly createMs: number;
  /** Between a failure and the next attempt. */
  readonly retryMs: number;
}

const usualTiming: EtcdWatchTiming = { silenceMs: 10_000, createMs: 2000, retryMs: 100 };

/** How one connection of a watch ended. */
export type StreamEnd =
  | { readonly kind: 'again' } // silent: nothing wrong, make it anew
  | { readonly kind: 'failed'; readonly because: string }
  | { readonly kind: 'over'; readonly end: WatchEnd };

/**
 * States: connect → told → (silent | failed) → connect, from the last told revision + 1 on; out by the caller's signal,
 * the closing of the gateway, compaction, or a refusal. A failed connection moves to another endpoint, and so does a good
 * one when a call has found its endpoint failing.
 */
export function startEtcdWatch(
  gateway: EtcdGateway,
  prefix: string,
  options: WatchOptions,
  timing: EtcdWatchTiming = usualTiming,
): void {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  if (options.signal.aborted || gateway.closed.aborted) abort();
  options.signal.addEventListener('abort', abort);
  gateway.closed.addEventListener('abort', abort);
  void watchToTheEnd();

  async function watchToTheEnd(): Promise<void> {
    const end = await run();
    options.signal.removeEventListener('abort', abort);
    gateway.closed.removeEventListener('abort', abort);
    options.onEnd(end);
  }

  async function run(): Promise<WatchEnd> {
    let next = options.fromRevision;
    const tell = (events: readonly StoreEvent[]): void => {
      // Each change once, whatever a connection repeats.
      const fresh = events.filter((event) => revisionOf(event) >= next);
      const last = fresh.at(-1);
      if (last === undefined || stop.signal.aborted) return;
      next = revisionOf(last) + 1;
      options.onEvents(fresh);
    };
    while (!stop.signal.aborted) {
      const [endpoint] = gateway.endpoints.order();
      if (endpoint === undefined) break;
      const end = await oneStream(endpoint, next, tell);
      if (stop.signal.aborted) break;
      if (end.kind === 'over') return end.end;
      if (end.kind === 'failed') {
        gateway.endpoints.failed(endpoint);
        await pause(timing.retryMs, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }
    return { kind: 'stopped' };
  }

  async function oneStream(
    endpoint: Endpoint,
    fromRevision: number,
    onEvents: (events: readonly StoreEvent[]) => void,
  ): Promise<StreamEnd> {
    const moved = new AbortController();
    const leave = gateway.endpoints.onFailed((failed) => {
      if (failed.name === endpoint.name) moved.abort();
    });
    try {
      return await openWatchStream({
        endpoint,
        prefix,
        fromRevision,
        timing,
        clusterId: gateway.clusterId(),
        signal: AbortSignal.any([stop.signal, moved.signal]),
        onEvents,
      });
    } finally {
      leave();
    }
  }
}

function revisionOf(event: StoreEvent): number {
  return event.kind === 'put' ? event.entry.modRevision : event.modRevision;
}
