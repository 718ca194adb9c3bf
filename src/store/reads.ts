import { Problem } from '../core/problem.ts';
import { bounded } from './bounded.ts';
import type { Client, InstanceAddress, Sql } from './connection.ts';
import { Link } from './link.ts';
import { reread } from './reread.ts';
import { translateStoreError } from './translate.ts';

/** Bounded reads of the data instance. */
export interface Reads {
  /**
   * Runs one read, at most `readTimeoutMs` long; again, when replication cancels it (`reread`).
   *
   * @throws Problem `store_unavailable`, `server_busy` (too many reads wait already), `store_rejected`
   */
  readonly run: <T>(query: (sql: Sql) => Promise<T>) => Promise<T>;
  /** Connects the link that is used first. */
  readonly warm: () => Promise<void>;
  readonly end: () => Promise<void>;
}

const connections = 4;
/** PostgreSQL ends a statement itself before the caller gives up on one that hangs. */
const statementTimeoutMs = 2000;
const readTimeoutMs = 2500;
/** A hung instance must not gather requests without end. */
const underWayLimit = 4000;

/**
 * Opens the links for reads. Their sessions are read-only, so that no read can become a write by mistake; statements
 * are prepared once per connection and pipelined. Each read goes where the fewest are under way.
 */
export function openReads(address: InstanceAddress): Reads {
  const client: Client = {
    name: 'holdfast read',
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
