import { electionRules } from '../../core/election/step.ts';
import { rowOf, settingNames } from '../settings/table.ts';

/** The page with its two tables as the code has them, each between two marks. */
export function withElectTables(page: string): string {
  return between(between(page, 'settings', settingsText()), 'rules', rulesText());
}

function between(page: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
  const [head, rest] = page.split(start);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined) throw new Error(`docs/elect.md has no marks for ${name}`);
  return `${head}${start}${text}\n${end}${tail}`;
}

function settingsText(): string {
  const rows = settingNames.map((name) => {
    const { env, flag, fallback, about } = rowOf(name);
    const shown = fallback === '' ? '–' : fallback.includes(' ') ? fallback : `\`${fallback}\``;
    return `| \`${env}\` | ${flag === null ? '–' : `\`--${flag}\``} | ${shown} | ${about} |`;
  });
  return ['| variable | flag | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function rulesText(): string {
  return electionRules.map(({ id, about }, at) => `${at + 1}. **${id}**: ${about}`).join('\n');
}
