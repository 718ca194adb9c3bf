import { setImmediate as turn } from 'node:timers/promises';
import type { TestServer } from './test-server.ts';

/** Something that waits until it is opened. */
export interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

export function newGate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** Resolves when `count` connections of the server wait for a lock that another one holds. */
export async function untilWaitingForLocks(server: TestServer, count: number): Promise<void> {
  const giveUpAt = performance.now() + 3000;
  for (;;) {
    const [row] = await server.postgres.superuser<{ waiting: number }[]>`
      select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock'`;
    if ((row?.waiting ?? 0) >= count) return;
    if (performance.now() > giveUpAt) throw new Error(`${row?.waiting} wait for locks, not ${count}`);
    await turn();
  }
}
