import { Problem } from '../core/problem.ts';
import { bounded } from './bounded.ts';
import type { Client, InstanceAddress, Sql } from './connection.ts';
import { Link } from './link.ts';
import { reread } from './reread.ts';
import { translateStoreError } from './translate.ts';

/** Bounded reads of an instance. */
export interface Reads {
  /**
   * Runs one read, at most as long as the bounds allow; again, when replication cancels it (`reread`).
   *
   * @throws Problem `store_unavailable`, `server_busy` (too many reads wait already), `store_rejected`
   */
  readonly run: <T>(query: (sql: Sql) => Promise<T>) => Promise<T>;
  /** Connects the link that is used first. */
  readonly warm: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** How reads are bounded. */
export interface ReadBounds {
  /** What `pg_stat_activity` shows. */
  readonly name: string;
  readonly connections: number;
  readonly statementTimeoutMs: number;
  /** A hung instance must not gather requests without end. */
  readonly underWayLimit: number;
}

const usualBounds: ReadBounds = {
  name: 'holdfast read',
  connections: 4,
  statementTimeoutMs: 2000,
  underWayLimit: 4000,
};
/** PostgreSQL ends a statement itself before the caller gives up on one that hangs. */
const graceMs = 500;

/**
 * Opens the links for reads. Their sessions are read-only, so that no read can become a write by mistake; statements
 * are prepared once per connection and pipelined. Each read goes where the fewest are under way.
 */
export function openReads(address: InstanceAddress, bounds: ReadBounds = usualBounds): Reads {
  const { name, connections, statementTimeoutMs, underWayLimit } = bounds;
  const readTimeoutMs = statementTimeoutMs + graceMs;
  const client: Client = {
    name,
    session: { statement_timeout: statementTimeoutMs, default_transaction_read_only: true, jit: false },
  };
  const links = Array.from({ length: connections }, () => new Link(address, client));
  let underWay = 0;
  const late = (): Problem =>
    new Problem('store_unavailable', `The database of this node did not answer within ${readTimeoutMs} ms.`);
  return {
    run: async (query) => {
      if (underWay >= underWayLimit) {
        throw new Problem('server_busy', 'Too many requests wait for the database of this node; try again.');
      }
      underWay += 1;
      try {
        const reading = reread(() => leastBusy(links).use(query));
        return await bounded(reading, readTimeoutMs, late);
      } catch (error) {
        throw translateStoreError(error);
      } finally {
        underWay -= 1;
      }
    },
    warm: async () => {
      await leastBusy(links).warm();
    },
    end: async () => {
      await Promise.all(links.map((link) => link.end()));
    },
  };
}

function leastBusy(links: readonly Link[]): Link {
  return links.reduce((best, link) => (link.underWay < best.underWay ? link : best));
}
