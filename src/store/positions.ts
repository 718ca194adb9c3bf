import { setTimeout as sleep } from 'node:timers/promises';
import type { LogPosition } from '../core/log-position.ts';
import { type Lsn, parseLsn } from '../core/lsn.ts';
import { bounded } from './bounded.ts';
import type { InstanceAddress } from './connection.ts';
import { gathered } from './gathered.ts';
import { Link } from './link.ts';

/** Places in the log of the data instance, for those who want to read what they wrote. */
export interface Positions {
  /** Of a primary: behind all that was committed before the call. Null where that cannot be told in time. */
  readonly written: () => Promise<LogPosition | null>;
  /** Of a standby: true once the log was replayed as far as `lsn`; false when it was not within `withinMs`. */
  readonly replayed: (lsn: Lsn, withinMs: number) => Promise<boolean>;
  readonly end: () => Promise<void>;
}

const answerMs = 1000;
/** Between two looks at a log that is not there yet: about what a commit takes to come from another node. */
const againMs = 5;
/** Who comes above that is told at once that it is not there. */
const waitingLimit = 1000;

interface Waiting {
  readonly lsn: Lsn;
  readonly resolve: (isThere: boolean) => void;
}

/** Opens one connection for it, at the first use. Who asks at the same time asks together. */
export function openPositions(address: InstanceAddress): Positions {
  const link = new Link(address, { name: 'holdfast position', session: { statement_timeout: answerMs } });
  const tooLate = (): Error => new Error('no answer');
  const written = gathered(async (): Promise<LogPosition | null> => {
    const [row] = await link.use(
      (sql) => sql<{ lsn: string; file: string }[]>`
        select lsn::text, pg_walfile_name(lsn) as file from pg_current_wal_flush_lsn() as lsn`,
    );
    const lsn = parseLsn(row?.lsn ?? '');
    // The name of a segment begins with its timeline (manual, "WAL Internals").
    return row === undefined || lsn === null ? null : { timeline: parseInt(row.file.slice(0, 8), 16), lsn };
  });
  const replayedTo = async (): Promise<Lsn> => {
    const [row] = await link.use(
      (sql) => sql<{ lsn: string | null }[]>`select pg_last_wal_replay_lsn()::text as lsn`,
    );
    return parseLsn(row?.lsn ?? '') ?? 0n;
  };
  const waiting = new Set<Waiting>();
  let looking = false;
  /** One look for all who wait; who comes meanwhile waits for the next, since a follower that is rewound goes back. */
  const lookForAll = async (): Promise<void> => {
    looking = true;
    while (waiting.size > 0) {
      const now = [...waiting];
      const at = await bounded(replayedTo(), answerMs, tooLate).catch(() => 0n);
      for (const one of now) {
        if (at < one.lsn) continue;
        waiting.delete(one);
        one.resolve(true);
      }
      if (waiting.size > 0) await sleep(againMs);
    }
    looking = false;
  };
  return {
    written: () => bounded(written(), answerMs, tooLate).catch(() => null),
    replayed: async (lsn, withinMs) => {
      if (waiting.size >= waitingLimit) return false;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const one = { lsn, resolve };
      const timer = setTimeout(() => resolve(false), withinMs);
      waiting.add(one);
      if (!looking) void lookForAll();
      return promise.finally(() => {
        clearTimeout(timer);
        waiting.delete(one);
      });
    },
    end: () => link.end(),
  };
}
