import { readCidr } from './cidr.ts';
import { ReadFault, type YamlMapping, type YamlNode, type YamlScalar } from './read-yaml-node.ts';
import type { Annotation } from './types.ts';

/** How many list items and annotations a text may stand for once its aliases are written out. */
const maxItems = 1_000_000;

/** Counts list items and annotations across one reading. */
export interface Budget {
  items: number;
}

/** Whether a field is left empty: `owner:`, `~`, `null`. */
export function isEmpty(node: YamlNode): boolean {
  return node.type === 'scalar' && node.tag === null && node.plain && /^(~|null|)$/i.test(node.text);
}

/**
 * The items of a field that takes one or many: nested lists are one list. An empty item stays, for its reader to refuse:
 * who writes `restricted_to: [ ~ ]` does not mean everywhere.
 */
export function itemsOf(node: YamlNode, budget: Budget): YamlNode[] {
  const found: YamlNode[] = [];
  const collect = (item: YamlNode): void => {
    spend(budget, 1, node);
    if (item.type === 'sequence') for (const inner of item.items) collect(inner);
    else found.push(item);
  };
  collect(node);
  return found;
}

function spend(budget: Budget, items: number, node: YamlNode): void {
  budget.items += items;
  if (budget.items > maxItems) {
    throw new ReadFault(
      `Aliases repeat more than ${maxItems} list items and annotations; write less into one text`,
      node.at,
    );
  }
}

/** The text of a field that wants text. A plain `12` or `yes` is no text in YAML, and is refused with that word. */
export function stringOf(field: string, node: YamlNode): string {
  const scalar = scalarOf(field, node, 'string');
  const guessed = guess(scalar);
  if (guessed === 'String') return scalar.text;
  throw expected('string', field, guessed, node);
}

/** A whole number, of a size that it keeps when it is written out again. */
export function integerOf(field: string, node: YamlNode): number {
  const scalar = scalarOf(field, node, 'integer');
  const guessed = guess(scalar);
  if (guessed !== 'Integer') throw expected('integer', field, guessed, node);
  const value = Number(scalar.text.replaceAll('_', ''));
  if (!Number.isSafeInteger(value))
    throw new ReadFault(`The number in field '${field}' is too large`, node.at);
  return value;
}

/** `true` or `false`. */
export function booleanOf(field: string, node: YamlNode): boolean {
  const scalar = scalarOf(field, node, 'boolean');
  const value = truth(scalar.text);
  if (value === null) throw expected('boolean', field, guess(scalar), node);
  return value;
}

/** An address or range, with its mask. */
export function cidrOf(field: string, node: YamlNode): string {
  const reading = readCidr(stringOf(field, node));
  if (!reading.ok) throw new ReadFault(reading.message, node.at);
  return reading.cidr;
}

/**
 * The annotations of a record, values as text. Truth values become `true` or `false` however they are spelled, an empty
 * value becomes empty text, and numbers stay as written.
 */
export function annotationsOf(field: string, node: YamlNode, budget: Budget): Annotation[] {
  if (node.type !== 'mapping') throw expected('hash', field, typeNameOf(node), node);
  spend(budget, node.entries.length, node);
  return node.entries.map(({ key, value }): Annotation => {
    if (value.type === 'mapping') throw new ReadFault(`Attribute '${key}' can't be a mapping`, value.at);
    const scalar = scalarOf(key, value, 'string');
    if (isEmpty(scalar)) return { name: key, value: '' };
    const boolean = scalar.plain ? truth(scalar.text) : null;
    return { name: key, value: boolean === null ? scalar.text : String(boolean) };
  });
}

/** `Expected a Role for field 'owner', got String`. */
export function expected(what: string, field: string, got: string, node: YamlNode): ReadFault {
  return new ReadFault(`Expected a ${what} for field '${field}', got ${got}`, node.at);
}

/** The word for an untagged node in such sentences. */
export function typeNameOf(node: YamlNode): string {
  if (node.type === 'sequence') return 'Array';
  return node.type === 'mapping' ? 'Hash' : guess(node);
}

function scalarOf(field: string, node: YamlNode, what: string): YamlScalar {
  if (node.type === 'mapping' && node.tag === null) throw mappingRefused(field, node);
  if (node.type !== 'scalar') throw expected(what, field, typeNameOf(node), node);
  if (node.tag !== null) throw expected(what, field, node.tag, node);
  return node;
}

function mappingRefused(field: string, node: YamlMapping): ReadFault {
  return new ReadFault(`Attribute '${field}' can't be a mapping`, node.at);
}

function truth(text: string): boolean | null {
  if (/^(true|yes|on)$/i.test(text)) return true;
  return /^(false|no|off)$/i.test(text) ? false : null;
}

/** What an untagged scalar is, in the words that policy authors know from Conjur's messages. */
function guess(scalar: YamlScalar): 'String' | 'Integer' | 'Float' | 'TrueClass' | 'FalseClass' | 'NilClass' {
  if (!scalar.plain) return 'String';
  if (isEmpty(scalar)) return 'NilClass';
  if (/^[-+]?\d[\d_]*$/.test(scalar.text)) return 'Integer';
  if (/^[-+]?(\d+\.\d*|\.\d+)(e[-+]?\d+)?$/i.test(scalar.text)) return 'Float';
  const boolean = truth(scalar.text);
  if (boolean === null) return 'String';
  return boolean ? 'TrueClass' : 'FalseClass';
}
