import type { YamlEntry, YamlNode } from './read-yaml-node.ts';
import type { Position } from './types.ts';

/** Thrown at the first thing that is not simple. It never leaves the `read-yaml-simple` and `read-yaml-flow` files. */
export class NotSimple extends Error {}

/** One line of the text, which a quoted scalar or a flow collection (`[a, b]`, `{id: a}`) must fill to its end. */
interface Line {
  readonly text: string;
  /** Its number, from 1. */
  readonly line: number;
  readonly maxDepth: number;
  /** What an alias may stand for. */
  readonly anchors: ReadonlyMap<string, YamlNode>;
}

interface Reading extends Line {
  offset: number;
}

/**
 * The quoted scalar or flow collection that begins at `offset` and ends with the line.
 *
 * @throws NotSimple for whatever only the full parser should judge
 */
export function readFlow(
  line: Line,
  offset: number,
  depth: number,
  tag: string | null,
  at: Position,
): YamlNode {
  const reading: Reading = { ...line, offset };
  const read = content(reading, depth, tag, at);
  if (reading.offset !== line.text.length) throw new NotSimple();
  return read;
}

function node(reading: Reading, depth: number): YamlNode {
  const at = here(reading);
  if (reading.text[reading.offset] === '*') return alias(reading);
  if (reading.text[reading.offset] !== '!') return content(reading, depth, null, at);
  const tag = tagFrom(reading.text, reading.offset);
  reading.offset += tag.length;
  if (reading.text[reading.offset] !== ' ') throw new NotSimple();
  skipSpaces(reading);
  if (/[,\]}!]/.test(reading.text[reading.offset] ?? ',')) throw new NotSimple();
  return content(reading, depth, tag, at);
}

function alias(reading: Reading): YamlNode {
  const name = anchorFrom(reading.text, reading.offset + 1);
  reading.offset += 1 + name.length;
  const named = reading.anchors.get(name);
  if (named === undefined || !/[ ,\]}]/.test(reading.text[reading.offset] ?? '')) throw new NotSimple();
  return named;
}

function content(reading: Reading, depth: number, tag: string | null, at: Position): YamlNode {
  const first = reading.text[reading.offset];
  if (first === '[') return sequence(reading, depth + 1, at, tag);
  if (first === '{') return mapping(reading, depth + 1, tag, at);
  if (first === '"' || first === "'") {
    return { type: 'scalar', tag, text: quoted(reading, first), plain: false, at };
  }
  return { type: 'scalar', tag, text: plain(reading), plain: true, at };
}

function sequence(reading: Reading, depth: number, at: Position, tag: string | null): YamlNode {
  if (depth > reading.maxDepth || tag !== null) throw new NotSimple();
  const items: YamlNode[] = [];
  reading.offset += 1;
  skipSpaces(reading);
  while (!taken(reading, ']')) {
    items.push(node(reading, depth));
    separator(reading, ']');
  }
  return { type: 'sequence', items, at };
}

function mapping(reading: Reading, depth: number, tag: string | null, at: Position): YamlNode {
  if (depth > reading.maxDepth) throw new NotSimple();
  const entries: YamlEntry[] = [];
  const seen = new Set<string>();
  reading.offset += 1;
  skipSpaces(reading);
  while (!taken(reading, '}')) {
    const keyAt = here(reading);
    const key = plain(reading);
    if (seen.has(key) || !taken(reading, ':')) throw new NotSimple();
    seen.add(key);
    skipSpaces(reading);
    entries.push({ key, keyAt, value: node(reading, depth) });
    separator(reading, '}');
  }
  return { type: 'mapping', tag, entries, at };
}

/** A comma and what follows it, or nothing before the closing bracket. */
function separator(reading: Reading, closing: string): void {
  skipSpaces(reading);
  if (taken(reading, ',')) {
    skipSpaces(reading);
    if (reading.text[reading.offset] === ',' || reading.text[reading.offset] === closing)
      throw new NotSimple();
  } else if (reading.text[reading.offset] !== closing) throw new NotSimple();
}

/** Each repetition keeps a place to go back to on the engine's stack, so their number is bounded. */
const plainLimit = 20_000;
const plainPattern =
  /[^-\s?:,[\]{}#&*!|>'"%@`](?:[^\s:,[\]{}#]|:(?![\s,[\]{}:]|$)| +(?=[^\s:,[\]{}#])){0,20000}/y;

function plain(reading: Reading): string {
  plainPattern.lastIndex = reading.offset;
  const found = plainPattern.exec(reading.text);
  if (found === null || found[0].length > plainLimit) throw new NotSimple();
  reading.offset += found[0].length;
  // `a#b` is text and `a #b` a comment: where a `#` comes, the full parser looks.
  if (reading.text[reading.offset] === '#') throw new NotSimple();
  return found[0];
}

/** Quoted text on one line; escapes are the full parser's. */
function quoted(reading: Reading, quote: string): string {
  let text = '';
  for (let from = reading.offset + 1; ; ) {
    const end = reading.text.indexOf(quote, from);
    if (end === -1) throw new NotSimple();
    text += reading.text.slice(from, end);
    reading.offset = end + 1;
    if (quote === '"' || reading.text[end + 1] !== quote) break;
    text += quote;
    from = end + 2;
  }
  if (quote === '"' && text.includes('\\')) throw new NotSimple();
  if (!/^(?:$|[ ,\]}])/.test(reading.text.slice(reading.offset, reading.offset + 1))) throw new NotSimple();
  return text;
}

function taken(reading: Reading, character: string): boolean {
  if (reading.text[reading.offset] !== character) return false;
  reading.offset += 1;
  return true;
}

function skipSpaces(reading: Reading): void {
  while (reading.text[reading.offset] === ' ') reading.offset += 1;
}

function here(reading: Reading): Position {
  return { line: reading.line, column: reading.offset + 1 };
}

const tagPattern = /![A-Za-z][\w-]*/y;

/** The local tag at `offset`. Throws NotSimple for a tag of another form. */
export function tagFrom(text: string, offset: number): string {
  tagPattern.lastIndex = offset;
  const found = tagPattern.exec(text);
  if (found === null) throw new NotSimple();
  return found[0];
}

const anchorPattern = /[\w-]+/y;

/** The name of an anchor at `offset`. Throws NotSimple for a name of another form. */
export function anchorFrom(text: string, offset: number): string {
  anchorPattern.lastIndex = offset;
  const found = anchorPattern.exec(text);
  if (found === null) throw new NotSimple();
  return found[0];
}
