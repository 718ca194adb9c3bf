import type { Finding } from '../../agent/doctor-finding.ts';
import type { Style } from './style.ts';

const marks = { ok: '✓', warning: '!', fault: '✗' } as const;

/** What `holdfast doctor` found, one line each; below a warning or fault, what to do. */
export function renderFindings(findings: readonly Finding[], style: Style): string {
  const wide = Math.max(0, ...findings.map(({ area }) => area.length));
  const paint = { ok: style.good, warning: style.warning, fault: style.fault } as const;
  const lines = findings.flatMap(({ area, level, sentence, advice }) => [
    `${paint[level](marks[level])} ${area.padEnd(wide)}  ${sentence}`,
    ...(advice === null ? [] : [`  ${' '.repeat(wide)}  ${style.faint('→')} ${advice}`]),
  ]);
  return [...lines, '', verdict(findings, style)].join('\n');
}

function verdict(findings: readonly Finding[], style: Style): string {
  const faults = findings.filter(({ level }) => level === 'fault').length;
  const warnings = findings.filter(({ level }) => level === 'warning').length;
  if (faults > 0) return style.fault(`${count(faults, 'fault')}, ${count(warnings, 'warning')}.`);
  return warnings > 0
    ? style.warning(`No faults, ${count(warnings, 'warning')}.`)
    : style.good('All is well.');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
