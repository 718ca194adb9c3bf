import type { Gauge } from 'prom-client';
import { serviceTypes } from '../../core/authn/service.ts';
import type { Reads } from '../../store/reads.ts';
import { readStatistics } from '../../store/statistics.ts';
import { kindLabel } from './operations.ts';

/** The gauges of what the database holds. */
export interface CountGauges {
  readonly roles: Gauge<'kind'>;
  readonly resources: Gauge<'kind'>;
  readonly authenticators: Gauge<'type' | 'status'>;
}

const freshForMs = 30_000;

/**
 * Brings the gauges up to date when somebody looks, but not more often than every half minute, and not twice at a time:
 * counting reads whole tables. While the database does not answer they stay as they are.
 */
export function refreshesCounts(reads: Reads, gauges: CountGauges): () => Promise<void> {
  let countedAt = Number.NEGATIVE_INFINITY;
  let counting: Promise<void> | null = null;
  const count = async (): Promise<void> => {
    const { roles, resources, authenticators } = await reads.run(readStatistics);
    setByKind(gauges.roles, roles);
    setByKind(gauges.resources, resources);
    for (const type of serviceTypes) {
      const labels = { type, status: 'configured' };
      const many = authenticators[type];
      if (many === undefined) gauges.authenticators.remove(labels);
      else gauges.authenticators.set(labels, many);
    }
    countedAt = performance.now();
  };
  return async () => {
    if (performance.now() - countedAt < freshForMs) return;
    counting ??= count().finally(() => {
      counting = null;
    });
    await counting.catch(() => undefined);
  };
}

function setByKind(gauge: Gauge<'kind'>, counts: Readonly<Record<string, number>>): void {
  const sums = new Map<string, number>();
  for (const [kind, many] of Object.entries(counts)) {
    if (kind === '!') continue;
    const label = kindLabel(kind);
    sums.set(label, (sums.get(label) ?? 0) + many);
  }
  gauge.reset();
  for (const [kind, many] of sums) gauge.set({ kind }, many);
}
