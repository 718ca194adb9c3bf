import { NotSimple } from './read-yaml-flow.ts';
import type { YamlNode } from './read-yaml-node.ts';
import type { Position } from './types.ts';

/** A line with something on it, and where on it reading goes on. */
export interface Cursor {
  readonly text: string;
  /** Offsets of the line's first character and of the end of its content, without comment and blanks. */
  start: number;
  end: number;
  /** Where the node begins that is read next, counted from 0: the indentation of the line, or further right. */
  column: number;
  /** Counted from 1. */
  line: number;
  readonly maxDepth: number;
  readonly anchors: Map<string, YamlNode>;
}

/** Whether no line is left. */
export function isDone(cursor: Cursor): boolean {
  return cursor.start >= cursor.text.length;
}

/** Goes to the next line that is neither blank nor a comment. */
export function advance(cursor: Cursor): void {
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

/** Whether an item of a list begins here. */
export function isDash(cursor: Cursor): boolean {
  const at = cursor.start + cursor.column;
  if (cursor.text.charCodeAt(at) !== dash) return false;
  return at + 1 === cursor.end || cursor.text.charCodeAt(at + 1) === space;
}

/** Of an offset on the cursor's line. */
export function position(cursor: Cursor, offset: number): Position {
  return { line: cursor.line, column: offset - cursor.start + 1 };
}

/** The offset of the next character that is no space. */
export function skipSpaces(cursor: Cursor, from: number): number {
  let offset = from;
  while (offset < cursor.end && cursor.text.charCodeAt(offset) === space) offset += 1;
  return offset;
}
