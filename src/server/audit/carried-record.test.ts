import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { AuditRecord } from '../../core/audit/audit-record.ts';
import { canonicalText } from '../../core/audit/canonical.ts';
import { testRecord } from '../../core/testing/test-record.ts';
import { isInstant, readCarried } from './carried-record.ts';

/** What an object does not keep in the order in which it was put there, and what JSON escapes. */
const name = fc.oneof(
  fc.string(),
  fc.constantFrom('10', '9', '__proto__', 'auth@43868', 'action@43868', 'é', '\u{1f511}'),
);
const text = fc.string({ unit: 'grapheme' }).filter((one) => !one.includes('\0'));
const names = name.filter((one) => !one.includes('\0'));
const record = fc.record({
  sdata: fc.dictionary(names, fc.dictionary(names, text)),
  message: text,
  procid: text,
});

describe('the text in which a record travels', () => {
  it('is read back by the master, whatever the record says', () => {
    fc.assert(
      fc.property(record, fc.boolean(), (fields, hasMore) => {
        const more = hasMore ? { also: { resources: [fields.message, 'b'], before: '', after: '\t' } } : {};
        const written: AuditRecord = testRecord(fields.message, { ...fields, ...more });
        assert.equal(readCarried(canonicalText(written))?.text, canonicalText(written));
      }),
    );
  });

  it('is the same however the database orders the names', () => {
    fc.assert(
      fc.property(record, (fields) => {
        const turned = Object.fromEntries(Object.entries(fields.sdata).toReversed());
        const [one, other] = [fields.sdata, turned].map((sdata) => canonicalText(testRecord('', { sdata })));
        assert.equal(one, other);
      }),
    );
  });

  it('is no other text of the same record', () => {
    const good = canonicalText(testRecord('m', { sdata: { a: { x: '1', y: '2' }, b: {} } }));
    assert.ok(readCarried(good) !== null);
    const others = [
      good.replace('"a":{"x":"1","y":"2"},"b":{}', '"b":{},"a":{"x":"1","y":"2"}'),
      good.replace('"x":"1","y":"2"', '"y":"2","x":"1"'),
      good.replace('"b":{}', '"b":{},"b":{}'),
      good.replace(',"m"', ', "m"'),
      good.replace('"m"', '"\\u006d"'),
      good.replace('[10,', '[10.0,'),
      good.replace(',null]', ',null,1]'),
      `${good} `,
    ];
    for (const other of others) assert.ok(other !== good && readCarried(other) === null, other);
  });

  it('holds nothing that PostgreSQL could not store', () => {
    const refused = [
      ['[10,', '[24,'],
      ['[10,', '[-0,'],
      [',6,', ',8,'],
      ['2026-01-01T', '2026-02-30T'],
      ['2026-01-01T', '2026-13-01T'],
      ['2026-01-01T', '0000-01-01T'],
      ['00:00:00.000Z', '24:00:00.000Z'],
      ['"m"', '"\\u0000"'],
      ['"m"', '"\\ud800"'],
      ['"m"', '"\\\\\\u0000"'],
      ['"m"', '7'],
      ['{}', '{"a":1}'],
      ['{}', '{"a":{"b":null}}'],
      ['{}', '[]'],
    ] as const;
    const good = canonicalText(testRecord('m'));
    for (const [from, to] of refused) {
      const bad = good.replace(from, () => to);
      assert.ok(bad !== good && readCarried(bad) === null, bad);
    }
    assert.ok(readCarried(canonicalText(testRecord('\\u0000'))) !== null, 'six signs, and no NUL');
    assert.ok(isInstant('2028-02-29T23:59:59.999Z'));
  });
});
