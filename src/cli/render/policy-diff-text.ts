import { plain } from './plain.ts';
import type { DiffEntry, Fact } from './policy-diff.ts';
import type { Style } from './style.ts';

const signs = { created: '+', updated: '~', deleted: '-' } as const;

/** The diff for people: one block for each thing, and a line that counts them. */
export function renderDiff(diff: readonly DiffEntry[], style: Style): string {
  if (diff.length === 0) return 'Nothing would change.';
  return [...diff.flatMap((entry) => block(entry, style)), '', counts(diff, style)].join('\n');
}

function block(entry: DiffEntry, style: Style): readonly string[] {
  const paint = { created: style.good, updated: style.warning, deleted: style.fault }[entry.change];
  const head = paint(`${signs[entry.change]} ${plain(entry.kind)} ${plain(entry.id)}`);
  const wide = Math.max(0, ...[...entry.gone, ...entry.come].map(({ name }) => name.length));
  const line = ({ name, value }: Fact): string => `${plain(name).padEnd(wide)}  ${plain(value)}`;
  if (entry.change === 'created') return [head, ...entry.come.map((fact) => `    ${line(fact)}`)];
  return [
    head,
    ...entry.gone.map((fact) => style.fault(`  - ${line(fact)}`)),
    ...entry.come.map((fact) => style.good(`  + ${line(fact)}`)),
  ];
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
