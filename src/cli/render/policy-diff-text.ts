import { plain, withoutAccount } from './plain.ts';
import type { DiffEntry } from './policy-diff.ts';
import type { Fact } from './policy-facts.ts';
import type { Style } from './style.ts';

const signs = { created: '+', updated: '~', deleted: '-' } as const;

/** The diff for people: one block for each thing, and a line that counts them. */
export function renderDiff(diff: readonly DiffEntry[], account: string, style: Style): string {
  if (diff.length === 0) return 'Nothing would change.';
  return [...diff.flatMap((entry) => block(entry, account, style)), '', counts(diff, style)].join('\n');
}

function block(
  { change, kind, id, gone, come }: DiffEntry,
  account: string,
  style: Style,
): readonly string[] {
  const paint = { created: style.good, updated: style.warning, deleted: style.fault }[change];
  const head = paint(`${signs[change]} ${plain(kind)} ${plain(id)}`);
  const wide = Math.max(0, ...[...gone, ...come].map(({ name }) => name.length));
  const lines = (facts: readonly Fact[]): readonly string[] => factLines(facts, wide, account);
  if (change === 'created') return [head, ...lines(come).map((line) => `    ${line}`)];
  return [
    head,
    ...lines(gone).map((line) => style.fault(`  - ${line}`)),
    ...lines(come).map((line) => style.good(`  + ${line}`)),
  ];
}

function factLines(facts: readonly Fact[], wide: number, account: string): readonly string[] {
  const details = new Map<string, string[]>();
  for (const { name, value, detail } of facts) {
    const line = `${plain(name).padEnd(wide)}  ${plain(withoutAccount(value, account))}`;
    const known = details.get(line) ?? [];
    details.set(line, detail === null ? known : [...known, plain(detail)]);
  }
  return Array.from(details, ([line, all]) => (all.length === 0 ? line : `${line}: ${all.join(', ')}`));
}

function counts(diff: readonly DiffEntry[], style: Style): string {
  const count = (change: DiffEntry['change']): number =>
    diff.filter((entry) => entry.change === change).length;
  return [
    style.good(`${count('created')} to create`),
    style.warning(`${count('updated')} to change`),
    style.fault(`${count('deleted')} to delete`),
  ].join(', ');
}
