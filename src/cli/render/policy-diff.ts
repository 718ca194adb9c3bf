import type { DryRunItem, PolicyChanges } from '../../client/policies.ts';
import { parseFullId, splitFullId } from '../../core/ids.ts';
import { plainField, withoutAccount } from './plain.ts';

/** One thing that a policy makes, changes or deletes, with the facts about it that come and go. */
export interface DiffEntry {
  readonly change: 'created' | 'updated' | 'deleted';
  readonly kind: string;
  readonly id: string;
  readonly gone: readonly Fact[];
  readonly come: readonly Fact[];
}

/** `owner policy:shop`, `permits host:web execute` ... */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

const order = { created: 0, updated: 1, deleted: 2 } as const;
/** Stand in the entry's own line. */
const named: ReadonlySet<string> = new Set(['identifier', 'id', 'type']);

/**
 * A dry run as a list of what changes: made things with all their facts, changed things with the facts that differ, deleted
 * things by their names.
 */
export function policyDiff(changes: PolicyChanges, account: string): readonly DiffEntry[] {
  const before = new Map(changes.before.map((item) => [keyOf(item), item]));
  const entries = [
    ...changes.created.map((item) => entry('created', item, account, [], factsOf(item, account))),
    ...changes.after.map((item) => {
      const old = factsOf(before.get(keyOf(item)) ?? {}, account);
      const now = factsOf(item, account);
      return entry('updated', item, account, without(old, now), without(now, old));
    }),
    ...changes.deleted.map((item) => entry('deleted', item, account, [], [])),
  ];
  return entries.toSorted(
    (a, b) => order[a.change] - order[b.change] || compare(a.kind, b.kind) || compare(a.id, b.id),
  );
}

export function isEmptyDiff(diff: readonly DiffEntry[]): boolean {
  return diff.length === 0;
}

function entry(
  change: DiffEntry['change'],
  item: DryRunItem,
  account: string,
  gone: readonly Fact[],
  come: readonly Fact[],
): DiffEntry {
  const id = parseFullId(keyOf(item));
  if (id !== null) {
    const { account: owner, kind, identifier } = splitFullId(id);
    return {
      change,
      kind,
      id: owner === account ? identifier : `${identifier} (account ${owner})`,
      gone,
      come,
    };
  }
  return { change, kind: plainField(item['type']), id: plainField(item['id']), gone, come };
}

/** The full id, under whichever of its two names the server puts it. */
function keyOf(item: DryRunItem): string {
  const texts = [item['identifier'], item['id']].filter((text) => typeof text === 'string');
  return (
    texts.find((text) => parseFullId(text) !== null && text.split(':')[1] === item['type']) ?? texts[0] ?? ''
  );
}

function factsOf(item: DryRunItem, account: string): readonly Fact[] {
  return Object.entries(item)
    .filter(([name]) => !named.has(name))
    .flatMap(([name, value]) => factsOfField(name, value, account));
}

/** Texts, lists of texts, and maps of either; of anything else its JSON. */
function factsOfField(name: string, value: unknown, account: string): readonly Fact[] {
  if (value === null || value === undefined || value === '') return [];
  if (Array.isArray(value)) {
    return value.map((one: unknown) => ({ name: singular(name), value: shown(one, account) }));
  }
  if (typeof value !== 'object') return [{ name: singular(name), value: shown(value, account) }];
  return Object.entries(value).flatMap(([key, one]: readonly [string, unknown]) =>
    Array.isArray(one)
      ? one.map((each: unknown) => ({ name: singular(name), value: `${key} ${shown(each, account)}` }))
      : [{ name: singular(name), value: `${key}: ${shown(one, account)}` }],
  );
}

const words: Readonly<Record<string, string>> = {
  permissions: 'may',
  permitted: 'permits',
  annotations: 'annotation',
  members: 'member',
  memberships: 'member of',
  restricted_to: 'only from',
};

function singular(name: string): string {
  return Object.hasOwn(words, name) ? (words[name] ?? name) : name;
}

function shown(value: unknown, account: string): string {
  return withoutAccount(plainField(value), account);
}

function without(facts: readonly Fact[], others: readonly Fact[]): readonly Fact[] {
  const known = new Set(others.map(({ name, value }) => `${name} ${value}`));
  return facts.filter(({ name, value }) => !known.has(`${name} ${value}`));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
