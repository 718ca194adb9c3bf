import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainFault } from './explain-fault.ts';
import { readPolicy } from './read.ts';

test('says in the words of libyaml what is wrong, and what to do about it', () => {
  for (const [text, message, advice] of [
    [
      ' - !!str, xxx\n',
      /^did not find expected whitespace or line break while/,
      /^Only one node can be defined per line\.$/,
    ],
    ['- id: [a, b\n- c', /^did not find expected ',' or ']' while parsing a flow sequence$/, /commas/],
    ['- {a: b\n', /^did not find expected ',' or '}' while parsing a flow mapping$/, /commas/],
    ['- - !user a\n - !user b', /^did not find expected '-' indicator while/, /^Indent all entries/],
    ['- !user "a', /^found unexpected end of stream while scanning a quoted scalar$/, /^Close the quotes\.$/],
    ['- !user\n  id a\n  b: c', /^could not find expected ':' while scanning a simple key$/, /missing/],
    ['- !user\n  id: a: b', /^mapping values are not allowed in this context$/, /indentation/],
    ['- !user @a', /^found character that cannot start any token/, /quotes/],
    ['- !user "\\q"', /^found unknown escape character while parsing a quoted scalar$/, /backslash/],
    ['- !usr a', /^Unrecognized data type '!usr'$/, /!webservice/],
    ['- !host {id: h, restricted_to: nowhere}', /^Invalid IP address or CIDR range 'nowhere'$/, /network/],
  ] as const) {
    const reading = readPolicy(text);
    assert.ok(!reading.ok, text);
    assert.match(reading.fault.message, message);
    assert.match(explainFault(reading.fault.message), advice, reading.fault.message);
  }
  assert.match(
    explainFault("Dependency cycle encountered: policy 'p' owns itself"),
    /^Give it another owner/,
  );
  assert.equal(explainFault('something nobody foresaw'), '');
});
