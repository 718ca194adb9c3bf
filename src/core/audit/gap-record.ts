import type { AuditRecord } from './audit-record.ts';

/** Records that were not written, and when. */
export interface GapFacts {
  readonly count: number;
  /** ISO 8601, in UTC and milliseconds. */
  readonly since: string;
  readonly until: string;
}

/** RFC 5424, tables 1 and 2. */
const facilityAuthpriv = 10;
const severityAlert = 1;

/** The record that stands for those that are missing. */
export function gapRecord({ count, since, until }: GapFacts): AuditRecord {
  return {
    facility: facilityAuthpriv,
    severity: severityAlert,
    timestamp: until,
    appname: 'conjur',
    procid: '-',
    msgid: 'audit',
    sdata: {
      'action@43868': { result: 'failure', operation: 'drop' },
      'subject@43868': { records: String(count), since, until },
    },
    message: `${count} audit records between ${since} and ${until} were dropped: there was no room for them`,
  };
}
