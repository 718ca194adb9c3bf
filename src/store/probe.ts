import type { InstanceAddress } from './connection.ts';
import { Link } from './link.ts';

/** Whether an instance answers, measured in the background so that a health check never waits for it. */
export interface Probe {
  /** True when the instance answered a query within the last second. */
  readonly answers: () => boolean;
  readonly end: () => Promise<void>;
}

const everyMs = 200;
const freshForMs = 1000;

/** Asks `select 1` every 200 ms on a connection of its own; while one question is open, no other is asked. */
export function openProbe(address: InstanceAddress): Probe {
  const link = new Link(address, { name: 'holdfast probe', session: { statement_timeout: freshForMs } });
  let answeredAt = Number.NEGATIVE_INFINITY;
  let asking = false;
  const ask = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    const askedAt = performance.now();
    try {
      await link.use((sql) => sql`select 1`);
      answeredAt = askedAt; // what an answer proves is that the instance was well when it was asked
    } catch {
      // no answer: `answeredAt` grows old, which is what health checks go by
    } finally {
      asking = false;
    }
  };
  void ask();
  const timer = setInterval(() => void ask(), everyMs);
  timer.unref();
  return {
    answers: () => performance.now() - answeredAt <= freshForMs,
    end: async () => {
      clearInterval(timer);
      await link.end();
    },
  };
}
