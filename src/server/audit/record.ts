import { isProblem } from '../../core/problem.ts';
import type { AuditRecord } from '../../core/audit/audit-record.ts';

/** RFC 5424, table 1 and 2. */
const facilityAuth = 4;
const facilityAuthpriv = 10;
const severityWarning = 4;
const severityNotice = 5;
const severityInfo = 6;

/** Private enterprise number that Conjur's structured data ids carry. */
const pen = 43868;
type Elements = Readonly<Record<string, string>>;

export interface AuditEvent {
  readonly msgid: string;
  readonly operation: string;
  /** The role that acts, or tries to. */
  readonly user: string;
  readonly subject: Elements;
  /** Null after a success. */
  readonly failure: unknown;
  /** The sentence after a success, and after a failure (without its reason). */
  readonly sentence: string;
  readonly attempt: string;
  readonly auth?: Elements;
  readonly policy?: Elements;
  /** Policy events are notices whatever comes of them; identity checks belong to another facility. */
  readonly notice?: boolean;
  readonly identityCheck?: boolean;
}

/** What a record says of the request behind it: a `Call`, or what a policy loader was told of one. */
export interface AuditSource {
  readonly context: { readonly wallClock: () => number };
  readonly request: { readonly id: string };
  readonly address: string;
}
/** A failure of which there is nothing more to say than that it was one. */
export const noReason: unique symbol = Symbol('no reason');

/** The record of an event. */
export function auditRecord(call: AuditSource, event: AuditEvent): AuditRecord {
  const failed = event.failure !== null;
  const usual = failed ? severityWarning : severityInfo;
  return {
    facility: event.identityCheck === true ? facilityAuth : facilityAuthpriv,
    severity: event.notice === true ? severityNotice : usual,
    timestamp: new Date(call.context.wallClock()).toISOString(),
    appname: 'conjur',
    procid: call.request.id,
    msgid: event.msgid,
    sdata: {
      [`auth@${pen}`]: { user: event.user, ...event.auth },
      [`subject@${pen}`]: event.subject,
      [`action@${pen}`]: { result: failed ? 'failure' : 'success', operation: event.operation },
      [`client@${pen}`]: { ip: call.address },
      ...(event.policy === undefined ? {} : { [`policy@${pen}`]: event.policy }),
    },
    message: auditMessage(event),
  };
}

/** What a record says to people. */
export function auditMessage({
  failure,
  sentence,
  attempt,
}: Pick<AuditEvent, 'failure' | 'sentence' | 'attempt'>): string {
  if (failure === null) return sentence;
  return failure === noReason ? attempt : `${attempt}: ${reason(failure)}`;
}

/** Only Problems say why: the text of a fault may hold anything. */
function reason(failure: unknown): string {
  return isProblem(failure) && failure.kind !== 'internal' ? failure.detail : 'internal error';
}
