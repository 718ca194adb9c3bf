import {
  type CST,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  type Tags,
} from 'yaml';
import { inLibyamlWords } from './libyaml-words.ts';
import { refuseAliasBombs } from './read-yaml-aliases.ts';
import { ReadFault, type YamlEntry, type YamlNode } from './read-yaml-node.ts';
import { readSimpleYaml } from './read-yaml-simple.ts';
import type { Position } from './types.ts';

/** Characters of the text. The server bounds the body first; this keeps the parser safe wherever it is called. */
const maxTextLength = 16_000_000;
/** Levels of lists and maps within each other; a nested policy takes two. */
const maxDepth = 200;
/**
 * Pieces (words, indicators, blanks) of a text that the full parser reads: those of sixty thousand variables with
 * annotations. More take it half a gigabyte, or ten seconds to find that there is not as much.
 */
const maxPieces = 2_000_000;

/**
 * The one document in `text`; null when there is none (nothing but blanks and comments). Tags in `knownTags` (`!user`)
 * save the parser a warning each; others are kept all the same. Throws ReadFault.
 */
export function readYaml(text: string, knownTags: readonly string[]): YamlNode | null {
  const start = { line: 1, column: 1 };
  if (text.length > maxTextLength) {
    throw new ReadFault(`The text is longer than ${maxTextLength} characters; load it in parts`, start);
  }
  const tree = readSimpleYaml(text, maxDepth) ?? readAnyYaml(text, knownTags);
  if (tree !== null && text.includes('*')) refuseAliasBombs(tree, maxDepth);
  return tree;
}

/** The same with the full parser. */
export function readAnyYaml(text: string, knownTags: readonly string[]): YamlNode | null {
  const lines = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const tokens = tokensOf(text, lines, position);
  refuseDeepNesting(tokens, position);
  const customTags = (standard: Tags): Tags => [...standard, ...knownTags.flatMap((tag) => asWritten(tag))];
  const documents = [...new Composer({ schema: 'failsafe', uniqueKeys: false, customTags }).compose(tokens)];
  for (const document of documents) {
    const error = document.errors[0];
    if (error !== undefined) throw new ReadFault(inLibyamlWords(error.message), position(error.pos[0]));
  }
  const [only, second] = documents;
  if (second !== undefined) {
    throw new ReadFault('A policy is one YAML document, and this is a second one', position(second.range[0]));
  }
  if (only === undefined || only.contents === null) return null;
  return treeOf(only.contents, { text, position, anchors: new Map() });
}

/** As `Parser.parse`, but nesting and length are looked at while it reads: what is too deep or long is not read to its end. */
function tokensOf(text: string, lines: LineCounter, position: (offset: number) => Position): CST.Token[] {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  let pieces = 0;
  lines.addNewLine(0);
  for (const piece of new Lexer().lex(text)) {
    pieces += 1;
    if (pieces > maxPieces) {
      throw new ReadFault(
        'The text is too long for its kind of YAML; load it in parts',
        position(parser.offset),
      );
    }
    tokens.push(...parser.next(piece));
    if (parser.stack.length > maxStack) throw tooDeep(position(parser.offset));
  }
  tokens.push(...parser.end());
  return tokens;
}

/** Of tokens that are not complete: one for each level, and a few for document, scalar and comment. */
const maxStack = maxDepth + 10;

function tooDeep(at: Position): ReadFault {
  return new ReadFault(`Lists and maps are nested more than ${maxDepth} deep`, at);
}

/** A tag that leaves its node as it is. */
function asWritten(tag: string): Tags {
  return [
    { tag, resolve: (value: string) => value },
    { tag, collection: 'map', resolve: (value) => value },
    { tag, collection: 'seq', resolve: (value) => value },
  ];
}

/** The parser of tokens is a loop, the composer after it recurses: measure in between, without recursion. */
function refuseDeepNesting(tokens: readonly CST.Token[], position: (offset: number) => Position): void {
  const open: { readonly token: CST.Token; readonly depth: number }[] = tokens.map((token) => ({
    token,
    depth: 0,
  }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > maxDepth) throw tooDeep(position(token.offset));
    if (token.type === 'document') {
      if (token.value !== undefined) open.push({ token: token.value, depth });
    } else if ('items' in token) {
      for (const item of token.items) {
        if (item.key !== undefined && item.key !== null) open.push({ token: item.key, depth: depth + 1 });
        if (item.value !== undefined) open.push({ token: item.value, depth: depth + 1 });
      }
    }
  }
}

interface TreeContext {
  readonly text: string;
  readonly position: (offset: number) => Position;
  readonly anchors: Map<string, YamlNode>;
}

type Content = NonNullable<Document.Parsed['contents']>;

function treeOf(node: Content, context: TreeContext): YamlNode {
  if (isAlias(node)) {
    const named = context.anchors.get(node.source);
    if (named === undefined) {
      throw new ReadFault(`Unknown anchor '${node.source}'`, context.position(node.range?.[0] ?? 0));
    }
    return named;
  }
  const offset = node.range?.[0] ?? 0;
  const tag = node.tag?.startsWith('!') === true ? node.tag : null;
  const at = context.position(startOfTag(context.text, tag, offset));
  const tree = plainTreeOf(node, tag, at, context);
  const anchor = node.anchor;
  if (anchor !== undefined) {
    if (context.anchors.has(anchor)) throw new ReadFault(`Duplicate anchor ${anchor}`, at);
    context.anchors.set(anchor, tree);
  }
  return tree;
}

function plainTreeOf(node: Content, tag: string | null, at: Position, context: TreeContext): YamlNode {
  if (isSeq<Content>(node)) {
    return { type: 'sequence', items: node.items.map((item) => treeOf(item, context)), at };
  }
  if (isMap<Content, Content | null>(node)) {
    return { type: 'mapping', tag, entries: entriesOf(node.items, at, context), at };
  }
  const text = isScalar(node) ? textOf(node.value, at) : '';
  return { type: 'scalar', tag, text, plain: isScalar(node) && node.type === 'PLAIN', at };
}

interface PairLike {
  readonly key: Content;
  readonly value: Content | null;
}

function entriesOf(pairs: readonly PairLike[], at: Position, context: TreeContext): YamlEntry[] {
  const seen = new Set<string>();
  return pairs.map((pair): YamlEntry => {
    const key = treeOf(pair.key, context);
    if (key.type !== 'scalar') throw new ReadFault('The name of a field must be plain text', key.at);
    if (seen.has(key.text)) throw new ReadFault(`Duplicate attribute: ${key.text}`, key.at);
    seen.add(key.text);
    const empty: YamlNode = { type: 'scalar', tag: null, text: '', plain: true, at: key.at ?? at };
    return { key: key.text, keyAt: key.at, value: pair.value === null ? empty : treeOf(pair.value, context) };
  });
}

/** PostgreSQL stores neither NUL nor half a surrogate pair. */
function textOf(value: unknown, at: Position): string {
  if (typeof value !== 'string') return '';
  if (/[\0\p{Surrogate}]/u.test(value)) {
    throw new ReadFault('The text holds a character that cannot be stored (NUL or a lone surrogate)', at);
  }
  return value;
}

/**
 * A node's own range begins behind its tag, anchor and the comments between; people look for the tag. It is the first one
 * that nothing but these stand behind: a comment may name the tag too.
 */
function startOfTag(text: string, tag: string | null, offset: number): number {
  if (tag === null) return offset;
  const from = Math.max(0, offset - lookBack);
  const before = text.slice(from, offset);
  for (let at = before.indexOf(tag); at !== -1; at = before.indexOf(tag, at + 1)) {
    if (onlyProperties.test(before.slice(at + tag.length))) return from + at;
  }
  return offset;
}

const lookBack = 256;
const onlyProperties = /^(?:(?:[ \t\r\n]+(?:#[^\n]*|&\S*)?)*)$/;
