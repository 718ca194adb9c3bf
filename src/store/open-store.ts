import { openSecretWrites, type SecretWrites } from './secret-writes.ts';
import { openSecretReads, type SecretReads } from './secret-reads.ts';
import { type AuditTrail, openAuditTrail, type WhenFull } from './audit.ts';
import type { DataKey } from './cipher.ts';
import type { TrailAddress } from './audit-chain.ts';
import type { InstanceAddress } from './connection.ts';
import { openPositions, type Positions } from './positions.ts';
import { openReads, type ReadBounds, type Reads } from './reads.ts';
import { openWrites, type Writes } from './writes.ts';

/** The two databases of a node, each use of them with connections of its own. */
export interface Store {
  readonly reads: Reads;
  readonly writes: Writes;
  readonly secrets: SecretReads;
  readonly secretWrites: SecretWrites;
  readonly audit: AuditTrail;
  /** Transactions that take what followers have recorded into the trail. */
  readonly intake: Writes;
  /** Reads of the trail. */
  readonly trail: Reads;
  readonly positions: Positions;
  readonly dataKey: DataKey;
}

/** Looking through a trail is work for the instance that all requests wait for: little of it at a time. */
const trailBounds: ReadBounds = {
  name: 'holdfast audit read',
  connections: 2,
  statementTimeoutMs: 8000,
  underWayLimit: 32,
};

/** Followers that hand records in at the same time. */
const intakeConnections = 2;

/** Opens a store. Nothing is connected before the first statement. */
export function openStore(settings: {
  readonly data: InstanceAddress;
  readonly audit: TrailAddress;
  readonly dataKey: DataKey;
  /** What the trail does with records when it has no room; `refuse` unless told otherwise. */
  readonly auditWhenFull?: WhenFull;
}): Store {
  const secrets = openSecretReads(settings.data, settings.dataKey);
  return {
    reads: openReads(settings.data),
    writes: openWrites(settings.data),
    secrets,
    secretWrites: openSecretWrites(settings.data, secrets.closures, settings.dataKey),
    audit: openAuditTrail(settings.audit, settings.auditWhenFull),
    intake: openWrites(settings.audit, intakeConnections, { name: 'holdfast audit intake' }),
    trail: openReads(settings.audit, trailBounds),
    positions: openPositions(settings.data),
    dataKey: settings.dataKey,
  };
}

/** Connects what the first requests use, so that they need not wait for it. */
export async function warmStore({ reads, writes, secrets, secretWrites, audit }: Store): Promise<void> {
  await Promise.all([reads.warm(), writes.warm(), secrets.warm(), secretWrites.warm(), audit.warm()]);
}

/** Ends all connections; statements under way get a second. */
export async function closeStore(store: Store): Promise<void> {
  await Promise.all([
    store.reads.end(),
    store.writes.end(),
    store.secrets.end(),
    store.secretWrites.end(),
    store.audit.end(),
    store.intake.end(),
    store.trail.end(),
    store.positions.end(),
  ]);
}
