/**
 * What libyaml says where the `yaml` package says something of its own: Conjur reads policies with libyaml, and people, and
 * the advice of a dry run (`explain-fault.ts`), look for its words. The first pattern that fits counts.
 */
const words: readonly (readonly [RegExp, string])[] = [
  [
    /^Tags and anchors must be separated/,
    'did not find expected whitespace or line break while scanning a tag',
  ],
  [
    /^All sequence items must start|^Sequence item without/,
    "did not find expected '-' indicator while parsing a block collection",
  ],
  [/^All mapping items must start/, 'did not find expected key while parsing a block mapping'],
  [/^Missing closing/, 'found unexpected end of stream while scanning a quoted scalar'],
  [
    /^Flow sequence .*end with|in flow sequence$|between flow sequence items/,
    "did not find expected ',' or ']' while parsing a flow sequence",
  ],
  [
    /^Flow map .*end with|in flow map$|between flow map items/,
    "did not find expected ',' or '}' while parsing a flow mapping",
  ],
  [/^Tabs are not allowed/, 'found a tab character that violates indentation while scanning a plain scalar'],
  [
    /^Plain value cannot start/,
    'found character that cannot start any token while scanning for the next token',
  ],
  [
    /^Invalid escape sequence \\[xuU]/,
    'did not find expected hexdecimal number while parsing a quoted scalar',
  ],
  [/^Invalid escape sequence/, 'found unknown escape character while parsing a quoted scalar'],
  [/^Alias cannot be/, 'did not find expected alphabetic or numeric character while scanning an alias'],
  [/^Anchor cannot be/, 'did not find expected alphabetic or numeric character while scanning an anchor'],
  [
    /^Block scalar header includes/,
    'did not find expected comment or line break while scanning a block scalar',
  ],
  [
    /^A block sequence may not|^Unexpected block-seq-ind/,
    'block sequence entries are not allowed in this context',
  ],
  [/^Nested mappings are not allowed/, 'mapping values are not allowed in this context'],
  [/^Implicit keys|^Implicit map keys/, "could not find expected ':' while scanning a simple key"],
  [/^Verbatim tags must end/, "did not find the expected '>' while scanning a tag"],
  [/^Could not resolve tag/, 'found undefined tag handle while parsing a node'],
  [/^Missing directives-end/, 'did not find expected <document start>'],
  [
    /^Unexpected flow-(seq|map)-end|^Unexpected .* at node end/,
    'did not find expected node content while parsing a block node',
  ],
];

/** A fault of the syntax in the words of libyaml, or as it is where libyaml has none for it. */
export function inLibyamlWords(message: string): string {
  return words.find(([pattern]) => pattern.test(message))?.[1] ?? message;
}
