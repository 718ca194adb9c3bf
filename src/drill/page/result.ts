import type { Verdict } from '../../core/drill/verdict.ts';
import { outcomeOf } from '../summary/outcome.ts';
import { type Html, html } from './html.ts';

export type Mark = 'passed' | 'failed' | 'no-effect' | 'skipped';

/** Signs that differ in form, not only in colour. */
export const signs: Readonly<Record<Mark, string>> = {
  passed: '✓',
  failed: '✗',
  'no-effect': '○',
  skipped: '–',
};

export function markOf(verdict: Verdict): Mark {
  const outcome = outcomeOf(verdict);
  return outcome === 'no effect' ? 'no-effect' : outcome;
}

export function badge(verdict: Verdict): Html {
  const mark = markOf(verdict);
  return badgeWith(mark, mark.replace('-', ' '));
}

export function badgeWith(mark: Mark, text: string): Html {
  return html`<span class="badge ${mark}"><i>${signs[mark]}</i> ${text}</span>`;
}
