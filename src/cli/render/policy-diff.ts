import type { DryRunItem, PolicyChanges } from '../../client/policies.ts';
import { parseFullId, splitFullId } from '../../core/ids.ts';
import { type Fact, factsOf, withoutKnown } from './policy-facts.ts';
import { plainField } from './plain.ts';

/** One thing that a policy makes, changes or deletes, with the facts about it that come and go. */
export interface DiffEntry {
  readonly change: 'created' | 'updated' | 'deleted';
  readonly kind: string;
  readonly id: string;
  readonly gone: readonly Fact[];
  readonly come: readonly Fact[];
}

interface Draft extends Pick<DiffEntry, 'change' | 'gone' | 'come'> {
  readonly key: string;
  readonly item: DryRunItem;
}

const order = { created: 0, updated: 1, deleted: 2 } as const;

/**
 * A dry run as a list of what changes: made things with their facts, changed things with the facts that differ, deleted
 * things by their names. A server tells most facts twice, at either end, and tells what ownership implies: each is kept
 * once, and a thing about which nothing else is told is left out.
 */
export function policyDiff(changes: PolicyChanges, account: string): readonly DiffEntry[] {
  const before = new Map(changes.before.map((item) => [keyOf(item), factsOf(item)]));
  const drafts: readonly Draft[] = [
    ...changes.created.map((item) => draft('created', item, [], factsOf(item))),
    ...changes.after.map((item) => {
      const old = before.get(keyOf(item)) ?? [];
      const now = factsOf(item);
      return draft('updated', item, withoutKnown(old, now), withoutKnown(now, old));
    }),
    ...changes.deleted.map((item) => draft('deleted', item, [], [])),
  ];
  const isOwner = ownership(changes);
  const isTold = toldElsewhere(drafts);
  return drafts
    .flatMap((each) => {
      const isNews = (side: 'gone' | 'come') => (fact: Fact) =>
        !isOwner(each.key, fact) &&
        !isTold(each.key, fact, side) &&
        !(each.change === 'created' && fact.name === 'policy');
      const [gone, come] = [each.gone.filter(isNews('gone')), each.come.filter(isNews('come'))];
      const hadFacts = each.gone.length + each.come.length > 0;
      if (each.change === 'updated' && hadFacts && gone.length + come.length === 0) return [];
      return [{ change: each.change, ...nameOf(each, account), gone, come }];
    })
    .toSorted((a, b) => order[a.change] - order[b.change] || compare(a.kind, b.kind) || compare(a.id, b.id));
}

function draft(
  change: Draft['change'],
  item: DryRunItem,
  gone: readonly Fact[],
  come: readonly Fact[],
): Draft {
  return { change, key: keyOf(item), item, gone, come };
}

/** Whether a membership is nothing but ownership: an owner has the roles that it owns. */
function ownership({ created, before, after, deleted }: PolicyChanges): (key: string, fact: Fact) => boolean {
  const owners = new Set(
    [...created, ...before, ...after, ...deleted].map((item) => `${keyOf(item)} ${String(item['owner'])}`),
  );
  return (key, { name, value }) =>
    (name === 'member' && owners.has(`${key} ${value}`)) ||
    (name === 'member of' && owners.has(`${value} ${key}`));
}

/** Whether the other end tells the same: of a membership the role's, of a permission the resource's. */
function toldElsewhere(
  drafts: readonly Draft[],
): (key: string, fact: Fact, side: 'gone' | 'come') => boolean {
  const sides = ['gone', 'come'] as const;
  const told = new Set(
    drafts.flatMap((each) =>
      sides.flatMap((side) =>
        each[side].map(({ name, value, detail }) => [side, name, each.key, value, detail].join(' ')),
      ),
    ),
  );
  return (key, { name, value, detail }, side) => {
    const other = { 'member of': 'member', may: 'permits' }[name];
    return other !== undefined && told.has([side, other, value, key, detail].join(' '));
  };
}

function nameOf({ key, item }: Draft, account: string): Pick<DiffEntry, 'kind' | 'id'> {
  const id = parseFullId(key);
  if (id === null) return { kind: plainField(item['type']), id: plainField(item['id']) };
  const { account: its, kind, identifier } = splitFullId(id);
  return { kind, id: its === account ? identifier : `${identifier} (account ${its})` };
}

/** The full id, under whichever of its two names the server puts it. */
function keyOf(item: DryRunItem): string {
  const texts = [item['identifier'], item['id']].filter((text) => typeof text === 'string');
  const whole = texts.find((text) => parseFullId(text) !== null && text.split(':')[1] === item['type']);
  return whole ?? texts[0] ?? '';
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
