import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditRecord } from './audit-record.ts';
import { linesOf, messagesOf } from './forward-lines.ts';

const record: AuditRecord = {
  facility: 10,
  severity: 6,
  timestamp: '2026-03-04T05:06:07.089Z',
  appname: 'conjur',
  procid: 'r1',
  msgid: 'fetch',
  sdata: { 'subject@43868': { resource: 'demo:variable:a' } },
  message: 'fetched a',
};
const row = { of: { node: 'n1', chain: 'c1' }, seq: 7, record };

describe('a forwarded row', () => {
  it('tells its node, chain and number, and its part where it stands for several', () => {
    const also = { resources: ['demo:variable:b'], before: 'fetched ', after: '' };
    const lines = linesOf({ ...row, record: { ...record, also } });
    assert.deepEqual(lines, [
      '<86>1 2026-03-04T05:06:07.089Z n1 conjur r1 fetch [subject@43868 resource="demo:variable:a"][holdfast@43868 node="n1" chain="c1" seq="7"] fetched a',
      '<86>1 2026-03-04T05:06:07.089Z n1 conjur r1 fetch [subject@43868 resource="demo:variable:b"][holdfast@43868 node="n1" chain="c1" seq="7" part="1"] fetched demo:variable:b',
    ]);
    assert.deepEqual(messagesOf({ ...row, record: { ...record, also } }), lines);
  });

  it('that is too long for receivers goes there shortened and says so, and whole into files', () => {
    const long = 'x'.repeat(2047) + '😀'.repeat(20_000);
    const sdata = { 'subject@43868': { resource: long } };
    const large = { ...row, record: { ...record, sdata, message: long } };
    const [message = ''] = messagesOf(large);
    assert.ok(message.length < 5000);
    assert.match(message, / seq="7" shortened="yes"\]/);
    assert.ok(message.isWellFormed());
    assert.ok(linesOf(large)[0]?.endsWith(long));
  });
});
