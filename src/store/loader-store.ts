import type { DataKey } from './cipher.ts';
import type { TrailAddress } from './audit-chain.ts';
import type { InstanceAddress } from './connection.ts';
import { openSnapshots, type Snapshots } from './snapshots.ts';
import { openWrites, type Writes } from './writes.ts';

/** Where a policy loader finds its databases, and what it encrypts with. */
export interface LoaderDatabases {
  readonly data: InstanceAddress;
  readonly audit: TrailAddress;
  readonly dataKey: DataKey;
}

/** The databases as a policy loader uses them: one load at a time, beside the connections that serve requests. */
export interface LoaderStore {
  readonly snapshots: Snapshots;
  readonly writes: Writes;
  /** Transactions on the audit trail. */
  readonly trail: Writes;
  /** Whose records the trail gets. */
  readonly node: string;
  readonly dataKey: DataKey;
  readonly end: () => Promise<void>;
}

/**
 * How often a long statement looks whether we are still there, ms: of a thread that was ended nothing shall go on (manual,
 * 20.3.2).
 */
const checkMs = 500;

/** Opens a loader's store. Nothing is connected before the first statement. */
export function openLoaderStore({ data, audit, dataKey }: LoaderDatabases): LoaderStore {
  const snapshots = openSnapshots(data);
  const session = { client_connection_check_interval: checkMs };
  const writes = openWrites(data, 1, { name: 'holdfast policy load', session });
  const trail = openWrites(audit, 1, { name: 'holdfast policy audit', session });
  return {
    snapshots,
    writes,
    trail,
    node: audit.node,
    dataKey,
    end: async () => {
      await Promise.all([snapshots.end(), writes.end(), trail.end()]);
    },
  };
}
