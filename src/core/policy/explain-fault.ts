const tags =
  '!delete, !deny, !grant, !group, !host, !host-factory, !layer, !permit, !policy, !revoke, !user, !variable, !webservice';
const quoting = 'Put it in quotes if it is meant as text.';

/** What to do about a fault, by how its sentence begins. The first that fits counts. */
const advice: readonly (readonly [RegExp, string])[] = [
  [/^Unexpected scalar/, 'A policy is a list: begin each statement with a dash, a space and a tag.'],
  [/^Unrecognized data type/, `The tag must be one of these: ${tags}.`],
  [/^No type given or inferred/, `Give the entry a tag. The tags are ${tags}.`],
  [/^No such attribute/, 'Check how the field is spelled, and that it is not indented one level too far.'],
  [/^Duplicate attribute/, 'Write the field once; if it takes several values, write them as a list.'],
  [/^Duplicate anchor/, 'Give each anchor a name of its own.'],
  [/^Unknown anchor/, 'Define the anchor (&name) above the place where it is used (*name).'],
  [/can't be a mapping$/, 'The field takes one value; write it on the same line, without fields of its own.'],
  [/^Expected an? .* for field/, 'Write the field with a value, or a tag, of the type that it takes.'],
  [/^Invalid IP address or CIDR range .* bits set/, 'Write the network as the message says.'],
  [
    /^Invalid IP address or CIDR range/,
    'Write an address such as 192.168.1.1, or a network such as 192.168.1.0/24.',
  ],
  [
    /has a blank id$/,
    'Give it an id. Only inside a policy may an id be left out: it is then that of the policy.',
  ],
  [/^Invalid relative reference/, 'A reference must not lead out of the root policy; count its steps.'],
  [
    /^Illegal absolute id/,
    'Leave the leading slash off, and load the text into the policy where it belongs.',
  ],
  [
    /^Dependency cycle .* owns itself$/,
    'Give it another owner, or none: then it is that of the policy around it.',
  ],
  [/^Dependency cycle/, 'Give one of the two another owner.'],
  [/is declared more than once$/, 'Leave one of the declarations out.'],
  [/does not include any layers$/, 'Name its layers in the field layers.'],
  [/not found in account/, 'Create it in this text, or load what creates it first.'],
  [/may not contain deletion statements$/, 'Load the text with PATCH or PUT instead.'],
  [/one YAML document/, 'Load each document by itself.'],
  [/^block sequence entries are not/, "There may be a '-' too many at the beginning of the line."],
  [/^could not find expected ':'/, "There may be a ':' missing, or the space after it."],
  [/^did not find expected '-' indicator/, 'Indent all entries of a list alike.'],
  [/^did not find expected key/, 'Indent all fields of a statement alike.'],
  [/^did not find expected ',' or ']'/, "Close the list with ']' and put commas between its entries."],
  [/^did not find expected ',' or '}'/, "Close the mapping with '}' and put commas between its fields."],
  [/^did not find expected <document start>/, "Directives end with a line '---' without blanks before it."],
  [/^did not find expected alphabetic or numeric/, quoting],
  [/^did not find expected comment or line break/, "Begin a block scalar on the line after '|' or '>'."],
  [/^did not find expected hexdecimal/, 'Take the backslash away, or put the text in single quotes.'],
  [/^found unknown escape character/, 'Take the backslash away, or put the text in single quotes.'],
  [/^did not find expected node content/, quoting],
  [/^did not find expected whitespace or line break/, 'Only one node can be defined per line.'],
  [/^found a tab character/, 'Indent with spaces instead of tabs.'],
  [/^found character that cannot start/, quoting],
  [/^found undefined tag handle/, `The tags are ${tags}.`],
  [/^found unexpected end of stream/, 'Close the quotes.'],
  [/^mapping values are not allowed/, `There may be a ':' too many, or a wrong indentation. ${quoting}`],
];

/** The sentence of advice for a fault; empty where there is none. */
export function explainFault(message: string): string {
  return advice.find(([pattern]) => pattern.test(message))?.[1] ?? '';
}
