import { anchorFrom, NotSimple, readFlow, tagFrom } from './read-yaml-flow.ts';
import { advance, type Cursor, isDash, isDone, position, skipSpaces } from './read-yaml-lines.ts';
import type { YamlEntry, YamlNode, YamlScalar } from './read-yaml-node.ts';
import type { Position } from './types.ts';

/**
 * Reads the simple YAML that nearly all policies are written in: lists and maps by indentation, scalars and flow
 * collections that end on their line, local tags, anchors, aliases, comments. It gives up, by answering null, at whatever
 * else a text holds (block scalars, scalars over several lines, escapes, tabs, faults): then `read-yaml.ts` reads the text anew with the full
 * parser, which also words the fault. What it answers is what the full parser would answer; random tests hold the two
 * against each other. It exists because the full parser takes six times the time and twice the memory.
 */
export function readSimpleYaml(written: string, maxDepth: number): YamlNode | null {
  const text = written.includes('\r') ? written.replaceAll('\r\n', '\n') : written;
  if (/[\t\r\0\u0085\u2028\u2029\ufeff]|\p{Surrogate}/u.test(text)) return null;
  const cursor: Cursor = { text, start: 0, end: -1, column: 0, line: 0, maxDepth, anchors: new Map() };
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
  if (text[offset] === '&') return anchored(cursor, place);
  if (text[offset] === '!') return tagged(cursor, place);
  if (place.isItem) {
    const opens = keyFrom(cursor, offset) !== null ? mapping : null;
    cursor.column = offset - cursor.start;
    if (isDash(cursor)) return sequence(cursor, place.depth + 1);
    if (opens !== null) return opens(cursor, place.depth + 1, null, null);
  }
  return onLine(cursor, place, null, position(cursor, offset));
}

/** An anchor in front of a value; one in front of the first name of a map would be the name's. */
function anchored(cursor: Cursor, place: Place): YamlNode {
  const name = anchorFrom(cursor.text, place.offset + 1);
  const end = place.offset + 1 + name.length;
  const offset = skipSpaces(cursor, end);
  const isAlone = offset >= cursor.end;
  if (!isAlone && (offset === end || keyFrom(cursor, offset) !== null)) throw new NotSimple();
  if (/[-&*?]/.test(cursor.text[offset] ?? '') && !isAlone) throw new NotSimple();
  const node = value(cursor, { ...place, offset });
  if (cursor.anchors.has(name) || (isAlone && node.type === 'scalar')) throw new NotSimple();
  cursor.anchors.set(name, node);
  return node;
}

function tagged(cursor: Cursor, place: Place): YamlNode {
  const at = position(cursor, place.offset);
  const tag = tagFrom(cursor.text, place.offset);
  const offset = skipSpaces(cursor, place.offset + tag.length);
  if (offset >= cursor.end) return below(cursor, { ...place, offset }, tag, at);
  if (offset === place.offset + tag.length || /[&*]/.test(cursor.text[offset] ?? '')) throw new NotSimple();
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
  const { text, start, end, line, maxDepth, anchors } = cursor;
  const first = text[place.offset] ?? '';
  let node: YamlNode;
  if (tag === null && first === '*') {
    const name = anchorFrom(text, place.offset + 1);
    const named = anchors.get(name);
    if (named === undefined || place.offset + 1 + name.length !== end) throw new NotSimple();
    node = named;
  } else if (first === '[' || first === '{' || first === '"' || first === "'") {
    const flow = { text: text.slice(start, end), line, maxDepth, anchors };
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
