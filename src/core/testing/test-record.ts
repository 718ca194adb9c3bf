import type { AuditRecord } from '../audit/audit-record.ts';

/** An audit record of which a test cares for some fields. */
export function testRecord(message: string, more: Partial<AuditRecord> = {}): AuditRecord {
  return {
    facility: 10,
    severity: 6,
    timestamp: '2026-01-01T00:00:00.000Z',
    appname: 'conjur',
    procid: '1',
    msgid: 'test',
    sdata: {},
    message,
    ...more,
  };
}
