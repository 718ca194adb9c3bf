import { accountOf, type FullId, isFullId } from '../ids.ts';
import type { AuditRecord } from './audit-record.ts';

/** What somebody who reads the trail may know of. */
export interface ReadersView {
  /** Whether everything in the account is its business. */
  readonly administers: (account: string) => boolean;
  /** Whether it sees a role or resource, or has the role. */
  readonly sees: (id: FullId) => boolean;
  /** Whether it has a role, so that what that one does is its own. */
  readonly has: (id: FullId) => boolean;
}

const auth = 'auth@43868';
const subject = 'subject@43868';
/** Fields of the subject that say what the record is about. */
const aboutNames = ['resource', 'role', 'member', 'owner'] as const;

/** All roles and resources that a record names, as far as its fields say. */
export function idsIn({ sdata }: AuditRecord): readonly FullId[] {
  const { user = '', service = '' } = sdata[auth] ?? {};
  return [user, service, ...Object.values(sdata[subject] ?? {})].filter(isFullId);
}

/**
 * Whether somebody may read a record (one that stands for itself alone: `eachRecord`).
 *
 * - Who administers an account reads all that names this account's roles and resources alone.
 * - Anybody reads a record when all roles and resources that it is about, and all others that its subject names, are there for
 *   the reader to see; who has done it is told along with it, and the service at which a role proved who it is must be seen too.
 * - What is about no role or resource (a list, an issuer, an account) is read by those who have the role that did it.
 */
export function mayRead(record: AuditRecord, { administers, sees, has }: ReadersView): boolean {
  const ids = idsIn(record);
  if (ids.length > 0 && ids.every((id) => administers(accountOf(id)))) return true;
  const { user = '', service = '' } = record.sdata[auth] ?? {};
  const fields = record.sdata[subject] ?? {};
  const about = aboutNames.flatMap((name) => fields[name] ?? []);
  const isOwn = isFullId(user) && has(user);
  if (!isOwn && (about.length === 0 || !about.every(isFullId))) return false;
  return [...Object.values(fields), ...(isOwn ? [] : [service])].filter(isFullId).every(sees);
}
