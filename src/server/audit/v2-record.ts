import type { AuditRecord } from '../../store/audit.ts';
import { storable } from '../http/version-2.ts';
import type { CallerCall } from '../http/route.ts';
import { auditRecord } from './record.ts';

const attempts = {
  create: 'create',
  get: 'retrieve',
  list: 'list',
  update: 'update',
  remove: 'remove',
} as const;
const deeds = {
  create: 'created',
  get: 'retrieved',
  list: 'listed',
  update: 'updated',
  remove: 'removed',
} as const;
const lettersLimit = 4000;

/** What was done, or tried, through version 2 of the API. */
export interface V2Event {
  readonly type: 'branch' | 'membership';
  readonly operation: keyof typeof deeds;
  /** The path of the branch or group. */
  readonly name: string;
  /** The body in one line; null when there is none. */
  readonly body: string | null;
  readonly failure: unknown;
}

/** The record of one call of version 2: always a notice, with path and body in its sentence. */
export function v2Record(call: CallerCall, { type, operation, name, body, failure }: V2Event): AuditRecord {
  const user = call.caller.roleId;
  const path = (call.request.raw.url ?? '').split('?', 1)[0] ?? '';
  const shown = name === '' ? '' : ` ${storable(name)}`;
  const object = body === null ? '' : ` and JSON object: ${body.slice(0, lettersLimit)}`;
  const what = `${type}${shown} with URI path: '${path}'${object}`;
  return auditRecord(call, {
    msgid: type,
    operation,
    user,
    subject: { edge: '' },
    failure,
    sentence: `${user} successfully ${deeds[operation]} ${what}`,
    attempt: `${user} failed to ${attempts[operation]} ${what}`,
    notice: true,
  });
}
