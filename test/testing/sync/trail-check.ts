/** What a record of the audit trail says, as far as the order of writers is concerned. */
export interface TrailRecord {
  /** Order in the trail. */
  readonly id: number;
  readonly timestamp: string;
  /** The role that acted, by its full id. */
  readonly user: string;
  /** `update` of a variable; `add`, `change`, `remove` of a policy's rows. */
  readonly operation: string;
  /** What was acted on, by its full id. */
  readonly subject: string;
  /** The policy that was loaded; null: it was no load. */
  readonly policy: string | null;
}

export interface Places {
  readonly account: string;
  /** The policy below which synchronizers write: `corp`. */
  readonly vault: string;
}

export interface TrailVerdict {
  /** Promises that were broken, one sentence each. */
  readonly broken: readonly string[];
  /** Terms that wrote something below the vault's branch. */
  readonly terms: number;
  readonly writes: number;
}

const branch = 'conjur/vault-synchronizer';

/**
 * Whether each accepted write is by a writer whose term had not been followed by a write of a later one. Terms are in the order in
 * which their hosts were made.
 */
export function checkTrail(records: readonly TrailRecord[], { account, vault }: Places): TrailVerdict {
  const writerRole = `${account}:host:${branch}/leader/writer-`;
  const expiration = `${account}:variable:${branch}/leader-expiration`;
  const terms = new Map<string, number>();
  const broken: string[] = [];
  const wrote = new Set<string>();
  let newest: TrailRecord | null = null;
  let writes = 0;
  for (const record of records.toSorted((a, b) => a.id - b.id)) {
    if (record.operation === 'add' && record.subject.startsWith(writerRole) && !terms.has(record.subject))
      terms.set(record.subject, terms.size + 1);
    const isBelow = isWriteBelow(record, account, vault);
    if (!isBelow && !(record.operation === 'update' && record.subject === expiration)) continue;
    const term = terms.get(record.user);
    if (term === undefined) {
      broken.push(`${sentence(record)}, who is no writer`);
      continue;
    }
    if (newest !== null && term < (terms.get(newest.user) ?? 0))
      broken.push(`${sentence(record)}, of term ${term}, after ${sentence(newest)}`);
    else newest = record;
    if (!isBelow) continue;
    writes += 1;
    wrote.add(record.user);
  }
  return { broken, terms: wrote.size, writes };
}

function isWriteBelow({ operation, subject, policy }: TrailRecord, account: string, vault: string): boolean {
  if (policy !== null)
    return policy === `${account}:policy:${vault}` || policy.startsWith(`${account}:policy:${vault}/`);
  return operation === 'update' && subject.startsWith(`${account}:variable:${vault}/`);
}

function sentence({ id, timestamp, user, operation, subject }: TrailRecord): string {
  return `record ${id} (${timestamp}): ${operation} of ${subject} by ${user}`;
}
