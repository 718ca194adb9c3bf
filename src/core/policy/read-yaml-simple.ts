import { NotSimple, readFlow, tagFrom } from './read-yaml-flow.ts';
import type { YamlEntry, YamlNode, YamlScalar } from './read-yaml-node.ts';
import type { Position } from './types.ts';

/**
 * Reads the simple YAML that nearly all policies are written in: lists and maps by indentation, scalars and flow
 * collections that end on their line, local tags, comments. It gives up, by answering null, at whatever else a text holds
 * (anchors, block scalars, scalars over several lines, tabs, faults): then `read-yaml.ts` reads the text anew with the full
 * parser, which also words the fault. What it answers is what the full parser would answer; random tests hold the two
 * against each other. It exists because the full parser takes ten times the time and five times the memory.
 */
export function readSimpleYaml(text: string, maxDepth: number): YamlNode | null {
  if (/[\t\r\0\u0085\u2028\u2029\ufeff]|\p{Surrogate}/u.test(text)) return null;
  const cursor: Cursor = { text, start: 0, end: -1, column: 0, line: 0, maxDepth };
  try {
    advance(cursor);
    if (cursor.end - cursor.start === 3 && text.startsWith('---', cursor.start)) advance(cursor);
    if (isDone(cursor) || !isDash(cursor)) return null;
    const root = sequence(cursor, 0);
    return isDone(cursor) ? root : null;
  } catch (error) {
    if (error instanceof NotSimple) return null;
    throw error;
  }
}

/** A line with something on it, and where on it reading goes on. */
interface Cursor {
  readonly text: string;
  /** Offsets of the line's first character and of the end of its content, without comment and blanks. */
  start: number;
  end: number;
  /** Where the node begins that is read next, counted from 0: the indentation of the line, or further right. */
  column: number;
  /** Counted from 1. */
  line: number;
  readonly maxDepth: number;
}

function isDone(cursor: Cursor): boolean {
  return cursor.start >= cursor.text.length;
}

/** Goes to the next line that is neither blank nor a comment. */
function advance(cursor: Cursor): void {
  const { text } = cursor;
  let start = cursor.end === -1 ? 0 : lineEnd(text, cursor.end) + 1;
  for (; start < text.length; start = lineEnd(text, start) + 1) {
    cursor.line += 1;
    let first = start;
    while (text.charCodeAt(first) === space) first += 1;
    const code = text.charCodeAt(first);
    if (first >= text.length || code === newline || code === hash) continue;
    cursor.start = start;
    cursor.column = first - start;
    cursor.end = contentEnd(text, first);
    if (cursor.column === 0 && /^(?:---|\.\.\.|%)/.test(text.slice(first, first + 3))) {
      if (cursor.end - first !== 3 || cursor.line > 1) throw new NotSimple();
    }
    return;
  }
  cursor.start = text.length;
  cursor.end = text.length;
  cursor.column = -1;
}

const space = 0x20;
const newline = 0x0a;
const hash = 0x23;
const dash = 0x2d;
const quotes = /['"]/;

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

/** The end of what stands on a line, without comment and blanks. Where quotes stand, a `#` may be text. */
function contentEnd(text: string, from: number): number {
  let end = lineEnd(text, from);
  const content = text.slice(from, end);
  const comment = content.indexOf(' #');
  if (comment !== -1) {
    if (quotes.test(content)) throw new NotSimple();
    end = from + comment;
  }
  while (text.charCodeAt(end - 1) === space) end -= 1;
  return end;
}

function isDash(cursor: Cursor): boolean {
  const at = cursor.start + cursor.column;
  if (cursor.text.charCodeAt(at) !== dash) return false;
  return at + 1 === cursor.end || cursor.text.charCodeAt(at + 1) === space;
}

function position(cursor: Cursor, offset: number): Position {
  return { line: cursor.line, column: offset - cursor.start + 1 };
}

/** A list whose dashes stand in the cursor's column. */
function sequence(cursor: Cursor, depth: number): YamlNode {
  if (depth > cursor.maxDepth) throw new NotSimple();
  const { column } = cursor;
  const at = position(cursor, cursor.start + column);
  const items: YamlNode[] = [];
  while (cursor.column === column && isDash(cursor)) {
    const offset = skipSpaces(cursor, cursor.start + column + 1);
    items.push(value(cursor, { offset, above: column, depth, isItem: true }));
  }
  if (cursor.column > column) throw new NotSimple();
  return { type: 'sequence', items, at };
}

/** A map whose names stand in the cursor's column. */
function mapping(cursor: Cursor, depth: number, tag: string | null, tagAt: Position | null): YamlNode {
  if (depth > cursor.maxDepth) throw new NotSimple();
  const { column } = cursor;
  const at = tagAt ?? position(cursor, cursor.start + column);
  const entries: YamlEntry[] = [];
  const seen = new Set<string>();
  while (cursor.column === column && !isDash(cursor)) {
    const keyOffset = cursor.start + column;
    const keyAt = position(cursor, keyOffset);
    const key = keyFrom(cursor, keyOffset);
    if (key === null || seen.has(key)) throw new NotSimple();
    seen.add(key);
    const offset = skipSpaces(cursor, keyOffset + key.length + 1);
    entries.push({ key, keyAt, value: value(cursor, { offset, above: column, depth, isItem: false }) });
  }
  if (cursor.column > column) throw new NotSimple();
  return { type: 'mapping', tag, entries, at };
}

interface Place {
  readonly offset: number;
  /** The column of the collection that the value belongs to. */
  readonly above: number;
  readonly depth: number;
  /** Of a list, and not of a map. */
  readonly isItem: boolean;
}

/** What stands behind a dash or a name: on the same line, or on those below that are indented further. */
function value(cursor: Cursor, place: Place): YamlNode {
  const { text } = cursor;
  const { offset } = place;
  if (offset >= cursor.end) return below(cursor, place, null, null);
  if (text[offset] === '!') return tagged(cursor, place);
  if (place.isItem) {
    const opens = keyFrom(cursor, offset) !== null ? mapping : null;
    cursor.column = offset - cursor.start;
    if (isDash(cursor)) return sequence(cursor, place.depth + 1);
    if (opens !== null) return opens(cursor, place.depth + 1, null, null);
  }
  return onLine(cursor, place, null, position(cursor, offset));
}

function tagged(cursor: Cursor, place: Place): YamlNode {
  const at = position(cursor, place.offset);
  const tag = tagFrom(cursor.text, place.offset);
  const offset = skipSpaces(cursor, place.offset + tag.length);
  if (offset >= cursor.end) return below(cursor, { ...place, offset }, tag, at);
  if (offset === place.offset + tag.length) throw new NotSimple();
  return onLine(cursor, { ...place, offset }, tag, at);
}

/** A value that begins on a later line, or an empty one. */
function below(cursor: Cursor, place: Place, tag: string | null, at: Position | null): YamlNode {
  const here = at ?? position(cursor, place.offset);
  advance(cursor);
  if (cursor.column > place.above) {
    const isList = isDash(cursor);
    if (isList && tag === null) return sequence(cursor, place.depth + 1);
    if (isList || keyFrom(cursor, cursor.start + cursor.column) === null) throw new NotSimple();
    return mapping(cursor, place.depth + 1, tag, at);
  }
  const isListOfMap = !place.isItem && cursor.column === place.above && isDash(cursor);
  if (isListOfMap && tag === null) return sequence(cursor, place.depth + 1);
  if (isListOfMap) throw new NotSimple();
  return { type: 'scalar', tag, text: '', plain: true, at: here };
}

/** A scalar or a flow collection that ends on its line. */
function onLine(cursor: Cursor, place: Place, tag: string | null, at: Position): YamlNode {
  const { text, start, end, line, maxDepth } = cursor;
  const first = text[place.offset] ?? '';
  let node: YamlNode;
  if (first === '[' || first === '{' || first === '"' || first === "'") {
    const flow = { text: text.slice(start, end), line, maxDepth };
    node = readFlow(flow, place.offset - start, place.depth, tag, at);
  } else node = plain(text.slice(place.offset, end), tag, at);
  advance(cursor);
  if (cursor.column > place.above) throw new NotSimple();
  return node;
}

/** Indicators that cannot begin a plain scalar, or that can only with care. YAML 1.2.2, 7.3.3. */
const notPlainAtFirst = /^[-?:,[\]{}#&*!|>'"%@`]/;

function plain(text: string, tag: string | null, at: Position): YamlScalar {
  if (notPlainAtFirst.test(text) || text.includes(': ') || text.endsWith(':')) throw new NotSimple();
  return { type: 'scalar', tag, text, plain: true, at };
}

const keyPattern = /[A-Za-z0-9_][\w./@-]*(?=:(?:[ ]|$))/my;

/** The name at `offset`, where it is one that stands before a colon. */
function keyFrom(cursor: Cursor, offset: number): string | null {
  keyPattern.lastIndex = offset;
  const found = keyPattern.exec(cursor.text);
  return found === null ? null : found[0];
}

function skipSpaces(cursor: Cursor, from: number): number {
  let offset = from;
  while (offset < cursor.end && cursor.text.charCodeAt(offset) === space) offset += 1;
  return offset;
}
