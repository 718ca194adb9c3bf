import type { FullId } from '../../core/ids.ts';
import type { Change } from '../../core/policy/types.ts';
import type { AuditRecord } from '../../core/audit/audit-record.ts';
import { type AuditSource, auditRecord } from './record.ts';

const verbs = { insert: 'added', update: 'changed', delete: 'removed' } as const;
const operations = { insert: 'add', update: 'change', delete: 'remove' } as const;

/** The record of one row that a load has changed. */
export function changeRecord(
  source: AuditSource,
  load: { readonly user: FullId; readonly policyId: FullId; readonly version: number },
  change: Change,
): AuditRecord {
  const { user, policyId, version } = load;
  const { subject, words } = described(change);
  return auditRecord(source, {
    msgid: 'policy',
    operation: operations[change.op],
    user,
    subject,
    policy: { id: policyId, version: String(version) },
    failure: null,
    sentence: `${user} ${verbs[change.op]} ${words}`,
    attempt: 'Failed to load policy',
    notice: true,
  });
}

function described(change: Change): {
  readonly subject: Readonly<Record<string, string>>;
  readonly words: string;
} {
  switch (change.table) {
    case 'roles':
      return { subject: { role: change.roleId }, words: `role ${change.roleId}` };
    case 'resources':
      return { subject: { resource: change.resourceId }, words: `resource ${change.resourceId}` };
    case 'role_memberships': {
      const { roleId: role, memberId, ownership } = change;
      const subject = ownership ? { role, owner: memberId } : { role, member: memberId };
      return { subject, words: `${ownership ? 'ownership' : 'membership'} of ${memberId} in ${role}` };
    }
    case 'permissions': {
      const { roleId: role, privilege, resourceId: resource } = change;
      return {
        subject: { resource, role, privilege },
        words: `permission of ${role} to ${privilege} on ${resource}`,
      };
    }
    case 'annotations': {
      const { resourceId: resource, name: annotation } = change;
      return { subject: { resource, annotation }, words: `annotation ${annotation} on ${resource}` };
    }
    case 'credentials':
      return { subject: { role: change.roleId }, words: `network restrictions of ${change.roleId}` };
  }
}
