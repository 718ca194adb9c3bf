import type { AuditRecord } from '../../core/audit/audit-record.ts';
import { storableText } from '../http/version-2.ts';
import type { CallerCall } from '../http/route.ts';
import { type AuditEvent, auditRecord } from './record.ts';

const attempts = {
  create: 'create',
  get: 'retrieve',
  list: 'list',
  update: 'update',
  remove: 'remove',
  enable: 'enable',
  delete: 'delete',
} as const;
const deeds = {
  create: 'created',
  get: 'retrieved',
  list: 'listed',
  update: 'updated',
  remove: 'removed',
  enable: 'enabled',
  delete: 'deleted',
} as const;
const lettersLimit = 4000;

/** What was done, or tried, through version 2 of the API. */
export interface V2Event {
  readonly msgid: 'branch' | 'membership' | 'authenticators';
  readonly operation: keyof typeof deeds;
  readonly subject: AuditEvent['subject'];
  /** What it was done to: `branch a/b`, `authn-jwt ci`. */
  readonly what: string;
  /** The body in one line; null when there is none to show. */
  readonly body: string | null;
  readonly failure: unknown;
}

/** The record of one call of version 2: always a notice, with path and body in its sentence. */
export function v2Record(call: CallerCall, event: V2Event): AuditRecord {
  const { msgid, operation, subject, what, body, failure } = event;
  const user = call.caller.roleId;
  const path = (call.request.raw.url ?? '').split('?', 1)[0] ?? '';
  const object = body === null ? '' : ` and JSON object: ${body.slice(0, lettersLimit)}`;
  const where = `${what} with URI path: '${path}'${object}`;
  return auditRecord(call, {
    msgid,
    operation,
    user,
    subject,
    failure,
    sentence: `${user} successfully ${deeds[operation]} ${where}`,
    attempt: `${user} failed to ${attempts[operation]} ${where}`,
    notice: true,
  });
}

/** A call that was about a branch, or the members of a group. */
export interface TreeEvent extends Pick<V2Event, 'operation' | 'body' | 'failure'> {
  readonly type: 'branch' | 'membership';
  /** The path of the branch or group. */
  readonly name: string;
}

/** The record of a call about branches or memberships. */
export function treeRecord(call: CallerCall, { type, name, ...event }: TreeEvent): AuditRecord {
  const what = name === '' ? type : `${type} ${storableText(name)}`;
  return v2Record(call, { msgid: type, subject: { edge: '' }, what, ...event });
}
