import * as fc from 'fast-check';
import { knownNames } from './fuzz-server.ts';

/** Texts that have broken servers before. */
const evil: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '/',
  '//',
  '\\',
  ':',
  '::',
  ':::',
  'a:b',
  'a:b:c',
  '*',
  '+',
  '%',
  '%%',
  '?',
  '#',
  '&',
  '=',
  ';',
  ',',
  ',,',
  "'",
  '"',
  '`',
  '$1',
  '{}',
  '[]',
  '\0',
  '\uFEFF',
  '\u202E',
  '\u{1F600}',
  'e\u0301',
  '\uD800',
  '\r\n',
  '\t',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  'Infinity',
  '-0',
  '-1',
  '0',
  '1',
  '2147483647',
  '2147483648',
  '4294967296',
  '9007199254740993',
  '9223372036854775808',
  '1e309',
  '0x10',
  '01',
  '99999999999999999999999999999999',
  '1.5',
  'true',
  'false',
  '%00',
  '%ff',
  '%zz',
  '2050-12-31',
  'infinity',
  'epoch',
  'now',
  '10.0.0.0/8',
  '::1/128',
  '1.2.3.4/33',
  '!',
  '!:webservice:accounts',
  '{"a":{"b":1}}',
  "'; drop table roles; --",
  '\\u0000',
  'a'.repeat(300),
  'a'.repeat(4096),
  'a/'.repeat(2000),
  '%',
  '\u00DF'.repeat(3000),
];

/** A text: a name that is known, one of the evil ones, or any. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...knownNames) },
  { weight: 4, arbitrary: fc.constantFrom(...evil) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 1, arbitrary: fc.integer().map(String) },
);

const isPlain = /[A-Za-z0-9_.~-]/;

/** A text as it stands in a path or query: percent-encoded whole or in part, or bytes that are no UTF-8 at all. */
export const anyEncoded: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: anyText.map((text) => percent(Buffer.from(text), isPlain)) },
  {
    weight: 2,
    arbitrary: anyText.map((text) => percent(Buffer.from(text), /[A-Za-z0-9_.~/:@!$&'()*+,;=%-]/)),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => percent(Buffer.from(bytes), isPlain)),
  },
);

function percent(bytes: Buffer, keep: RegExp): string {
  return [...bytes]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return keep.test(char) ? char : `%${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}
