import type { DryRunItem } from '../../client/policies.ts';
import { plainField } from './plain.ts';

/** One thing that a dry run says about a role or resource: `member demo:user:alice`, `permits demo:host:web execute`. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  /** Of several facts with the same name and value one line is made, with these. */
  readonly detail: string | null;
}

/** They name the thing, or are its name. */
const naming: ReadonlySet<string> = new Set(['identifier', 'id', 'type']);

const words: ReadonlyMap<string, string> = new Map([
  ['annotations', 'annotation'],
  ['members', 'member'],
  ['memberships', 'member of'],
  ['permissions', 'may'],
  ['permitted', 'permits'],
  ['restricted_to', 'only from'],
]);

/** All that is said about a thing. Fields that are not known here are told as they are. */
export function factsOf(item: DryRunItem): readonly Fact[] {
  return Object.entries(item)
    .filter(([name]) => !naming.has(name))
    .flatMap(([field, value]) => factsOfField(words.get(field) ?? field, value));
}

/** Those that are not among the others. */
export function withoutKnown(facts: readonly Fact[], others: readonly Fact[]): readonly Fact[] {
  const known = new Set(others.map(textOf));
  return facts.filter((fact) => !known.has(textOf(fact)));
}

/** Texts, lists of texts, privileges with lists of ids, annotations with texts. */
function factsOfField(name: string, value: unknown): readonly Fact[] {
  if (value === null || value === undefined || value === '') return [];
  if (Array.isArray(value)) return value.map((one: unknown) => ({ name, value: shown(one), detail: null }));
  if (typeof value !== 'object') return [{ name, value: shown(value), detail: null }];
  return Object.entries(value).flatMap(([key, one]: readonly [string, unknown]): readonly Fact[] =>
    Array.isArray(one)
      ? one.map((each: unknown) => ({ name, value: shown(each), detail: key }))
      : [{ name, value: `${key}: ${shown(one)}`, detail: null }],
  );
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : plainField(value);
}

function textOf({ name, value, detail }: Fact): string {
  return JSON.stringify([name, value, detail]);
}
