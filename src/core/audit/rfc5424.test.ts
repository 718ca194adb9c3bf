import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditRecord } from './audit-record.ts';
import { eachRecord, syslogLine } from './rfc5424.ts';

const record: AuditRecord = {
  facility: 10,
  severity: 6,
  timestamp: '2026-03-04T05:06:07.089Z',
  appname: 'conjur',
  procid: 'req-1',
  msgid: 'fetch',
  sdata: {
    'auth@43868': { user: 'default:user:admin' },
    'subject@43868': { resource: 'default:variable:a"b]c\\d' },
  },
  message: 'default:user:admin fetched default:variable:a',
};

describe('an audit record as RFC 5424', () => {
  it('is one line, with what would end a value escaped', () => {
    assert.equal(
      syslogLine(record, { hostname: 'n1', sdata: { 'holdfast@43868': { seq: '7' } } }),
      String.raw`<86>1 2026-03-04T05:06:07.089Z n1 conjur req-1 fetch [auth@43868 user="default:user:admin"][subject@43868 resource="default:variable:a\"b\]c\\d"][holdfast@43868 seq="7"] default:user:admin fetched default:variable:a`,
    );
  });

  it('has no line of its own for whoever writes line breaks into a name', () => {
    const line = syslogLine({ ...record, message: 'a\n<86>1 forged', procid: 'x y\n' }, { hostname: null });
    assert.match(line, / - conjur x_y_ fetch /);
    assert.match(line, / a#012<86>1 forged$/);
    assert.doesNotMatch(line, /\n/);
  });

  it('of many variables is a record for each', () => {
    const [first, second] = eachRecord({
      ...record,
      also: { resources: ['default:variable:b'], before: 'admin fetched ', after: '' },
    });
    assert.equal(first?.sdata['subject@43868']?.['resource'], record.sdata['subject@43868']?.['resource']);
    assert.equal(first && 'also' in first, false);
    assert.equal(second?.sdata['subject@43868']?.['resource'], 'default:variable:b');
    assert.equal(second?.message, 'admin fetched default:variable:b');
  });
});
